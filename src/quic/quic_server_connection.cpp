#include "quic/quic_server_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace parley {
namespace {

ngtcp2_cid to_ngtcp2(const Cid& cid) {
  ngtcp2_cid out;
  ngtcp2_cid_init(&out, cid.data.data(), cid.length);
  return out;
}

Cid from_ngtcp2(const ngtcp2_cid& cid) { return Cid::copy_of({cid.data, cid.datalen}); }

/// Alerts with which a client says that it dislikes our certificate (RFC 8446 §6.2), as QUIC codes
/// (RFC 9001 §4.8).
bool refuses_certificate(std::uint64_t code) {
  return (code >= 0x100 + 42 && code <= 0x100 + 46) || code == 0x100 + 48;
}

}  // namespace

std::shared_ptr<QuicServerConnection> QuicServerConnection::accept(QuicHost& host,
                                                                   const QuicOpening& opening,
                                                                   Now now) {
  auto connection = std::make_shared<QuicServerConnection>(host);
  return connection->begin(opening, now) ? connection : nullptr;
}

QuicServerConnection::QuicServerConnection(QuicHost& host)
    : host_(host), alarm_(host.shard, *this) {
  host_.stats.connections.add();
  host_.shard.stats().connections.add();
  host_.stats.handshakes_open.add();
}

QuicServerConnection::~QuicServerConnection() {
  if (!has_ended_) leave_host();  // it has not even begun
}

/// The endpoint may be gone before us, so whatever concerns it is done when we end.
void QuicServerConnection::leave_host() {
  has_ended_ = true;
  alarm_.cancel();
  host_.stats.connections.subtract();
  host_.shard.stats().connections.subtract();
  if (!is_established_) host_.stats.handshakes_open.subtract();
  for (const Cid& cid : cids_) host_.routes.erase(cid);
}

bool QuicServerConnection::begin(const QuicOpening& opening, Now now) {
  now_ = now;
  reference_.user_data = this;
  reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
    return static_cast<QuicServerConnection*>(reference->user_data)->conn_.get();
  };
  handshake_ = QuicHandshake::begin(host_.tls, reference_);
  if (handshake_ == nullptr) return false;

  const Cid scid = add_cid();
  const ngtcp2_cid our_cid = to_ngtcp2(scid);
  UdpPath path = opening.path;
  const ngtcp2_path native_path = to_ngtcp2(path);
  const ngtcp2_settings with_settings = settings(opening, now);
  const ngtcp2_transport_params params = transport_params(opening, scid);
  ngtcp2_conn* connection = nullptr;
  if (ngtcp2_conn_server_new(&connection, &opening.header.scid, &our_cid, &native_path,
                             opening.header.version, &callbacks(), &with_settings, &params, nullptr,
                             this) != 0)
    return false;
  conn_.reset(connection);
  ngtcp2_conn_set_tls_native_handle(connection, handshake_->native());
  // Until the client has our id it writes to the one that it made up.
  add_route(from_ngtcp2(opening.header.dcid));
  return true;
}

ngtcp2_settings QuicServerConnection::settings(const QuicOpening& opening, Now now) const {
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = timestamp(now);
  settings.cc_algo = NGTCP2_CC_ALGO_CUBIC;
  settings.handshake_timeout = duration_of(host_.rules.handshake_timeout);
  // What a path of 1500 bytes carries over IPv6; found by probing (RFC 8899), not assumed.
  settings.max_tx_udp_payload_size = 1452;
  // Windows stay as large as they are: what a client may make us hold is a setting.
  settings.max_window = 0;
  settings.max_stream_window = 0;
  if (opening.retried_from) {
    settings.token = opening.header.token;
    settings.tokenlen = opening.header.tokenlen;
    settings.token_type = NGTCP2_TOKEN_TYPE_RETRY;
  }
  return settings;
}

ngtcp2_transport_params QuicServerConnection::transport_params(const QuicOpening& opening,
                                                               const Cid& scid) const {
  const QuicRules& rules = host_.rules;
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.original_dcid_present = 1;
  params.original_dcid =
      opening.retried_from ? to_ngtcp2(*opening.retried_from) : opening.header.dcid;
  if (opening.retried_from) {
    params.retry_scid_present = 1;
    params.retry_scid = opening.header.dcid;
  }
  params.initial_max_data = rules.connection_window;
  params.initial_max_stream_data_uni = rules.stream_window;
  params.initial_max_stream_data_bidi_remote = rules.stream_window;
  params.initial_max_streams_uni = rules.uni_streams;
  params.initial_max_streams_bidi = rules.bidi_streams;
  params.max_idle_timeout = duration_of(rules.idle_timeout);
  params.max_datagram_frame_size = 65535;
  params.active_connection_id_limit = 4;
  params.stateless_reset_token_present = 1;
  const ngtcp2_cid our_cid = to_ngtcp2(scid);
  ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token,
                                               host_.secrets.stateless_reset.data(),
                                               host_.secrets.stateless_reset.size(), &our_cid);
  return params;
}

Cid QuicServerConnection::add_cid() {
  const Cid cid = host_.cids.make();
  add_route(cid);
  return cid;
}

void QuicServerConnection::add_route(const Cid& cid) {
  if (host_.routes.try_emplace(cid, QuicRoute{.connection = this}).second) cids_.push_back(cid);
}

void QuicServerConnection::remove_route(const Cid& cid) {
  if (std::erase(cids_, cid) > 0) host_.routes.erase(cid);
}

void QuicServerConnection::feed(Bytes datagram, const UdpPath& path, std::uint8_t ecn, Now now) {
  if (has_ended_) return;
  now_ = now;
  is_news_ = false;
  UdpPath from = path;
  const ngtcp2_path native_path = to_ngtcp2(from);
  const ngtcp2_pkt_info info{.ecn = ecn};
  const int error = ngtcp2_conn_read_pkt(conn_.get(), &native_path, &info, datagram.data(),
                                         datagram.size(), timestamp(now));
  if (error != 0) {
    on_read_error(error, now);
    return;
  }
  unacknowledged_since_ = std::min(unacknowledged_since_, now.monotonic);
  forget_pacing();
  forget_expiry();
  after_reading(now);
}

void QuicServerConnection::after_reading(Now now) {
  if (can_send_data_ && protocol_ == nullptr && !is_closing()) become_ready(now);
  if (is_established_ && handshake_ != nullptr) {
    // TLS is not needed any more: a third of what an idle connection costs. See Hooks::crypto_data
    // for a client that goes on with it.
    ngtcp2_conn_set_tls_native_handle(conn_.get(), nullptr);
    handshake_.reset();
    is_news_ = true;
  }
  // An acknowledgement may let go what could not be sent.
  const bool is_waited_for = is_held_ || is_more_due_ || streams_.any_waits();
  if (is_news_ || is_waited_for || !is_established_)
    ask_flush();
  else
    ask_flush_in_batch();
}

void QuicServerConnection::become_ready(Now now) {
  protocol_ = host_.acceptor.accept(*this, now);
  check(protocol_ != nullptr, "a connection has no protocol");
  protocol_->on_ready(now);
}

void QuicServerConnection::on_read_error(int error, Now now) {
  switch (error) {
    case NGTCP2_ERR_DRAINING:
      on_peer_closed(now);
      return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
    case NGTCP2_ERR_CLOSING:
      end({.cause = QuicEnd::Cause::error, .reason = ngtcp2_strerror(error)}, {}, now);
      return;
    default:
      fail(error, now);
  }
}

void QuicServerConnection::on_peer_closed(Now now) {
  const ngtcp2_ccerr& said = *ngtcp2_conn_get_ccerr(conn_.get());
  QuicEnd ended{.cause = QuicEnd::Cause::peer, .code = said.error_code};
  ended.is_application = said.type == NGTCP2_CCERR_TYPE_APPLICATION;
  if (said.reasonlen > 0) ended.reason = as_text({said.reason, said.reasonlen});
  if (!is_established_ && !ended.is_application && refuses_certificate(ended.code))
    host_.stats.certificate_refused.add();
  end(ended, tombstone(), now);
}

void QuicServerConnection::drain() {
  if (protocol_ != nullptr && !is_closing() && !has_ended_) protocol_->drain();
}

void QuicServerConnection::on_deadline(Now now) {
  if (has_ended_) return;
  now_ = now;
  bool is_due = is_more_due_ || is_closing();
  if (expiry() <= timestamp(now)) {
    is_due = true;
    if (!expire(now)) return;
  }
  if (protocol_ != nullptr && !is_closing() && protocol_->deadline() <= now.monotonic) {
    is_due = true;
    protocol_->on_deadline(now);
  }
  if (!is_due) {
    set_alarm(now);
    return;
  }
  // Few may be left to a client that keeps many open.
  grant_streams();
  ask_flush();  // the flush sets the next alarm
}

bool QuicServerConnection::expire(Now now) {
  forget_pacing();
  forget_expiry();
  const int error = ngtcp2_conn_handle_expiry(conn_.get(), timestamp(now));
  if (error == NGTCP2_ERR_IDLE_CLOSE)
    end({.cause = QuicEnd::Cause::idle}, {}, now);
  else if (error == NGTCP2_ERR_HANDSHAKE_TIMEOUT)
    end({.cause = QuicEnd::Cause::handshake_timeout}, {}, now);
  else if (error != 0)
    fail(error, now);
  return error == 0;
}

void QuicServerConnection::abandon(QuicEnd::Cause cause, Now now) {
  if (!has_ended_) end({.cause = cause}, {}, now);
}

void QuicServerConnection::fail(int error, Now now) {
  ngtcp2_ccerr said;
  ngtcp2_ccerr_default(&said);
  const std::uint8_t alert = ngtcp2_conn_get_tls_alert(conn_.get());
  if (error == NGTCP2_ERR_CRYPTO && alert != 0)
    ngtcp2_ccerr_set_tls_alert(&said, alert, nullptr, 0);
  else
    ngtcp2_ccerr_set_liberr(&said, error, nullptr, 0);
  close_with(
      said,
      {.cause = QuicEnd::Cause::error, .code = said.error_code, .reason = ngtcp2_strerror(error)},
      now);
}

void QuicServerConnection::close_with(const ngtcp2_ccerr& error, const QuicEnd& ended, Now now) {
  QuicTombstone grave = tombstone();
  std::array<std::uint8_t, UdpSender::packet_bytes_max> packet{};
  ngtcp2_path_storage path;
  ngtcp2_path_storage_zero(&path);
  ngtcp2_pkt_info info{};
  const ngtcp2_ssize bytes =
      ngtcp2_conn_write_connection_close(conn_.get(), &path.path, &info, packet.data(),
                                         NGTCP2_MAX_UDP_PAYLOAD_SIZE, &error, timestamp(now));
  if (bytes > 0) {
    grave.answer.assign(packet.begin(), packet.begin() + bytes);
    grave.path = {UdpAddress::copy_of(path.path.local.addr),
                  UdpAddress::copy_of(path.path.remote.addr)};
    grave.ecn = static_cast<std::uint8_t>(info.ecn);
    const MutableBytes space = host_.sender.space();
    if (!space.empty()) {
      std::ranges::copy(grave.answer, space.begin());
      host_.sender.add(grave.answer.size(), grave.path, grave.ecn, /*alone=*/true);
    }
  }
  end(ended, std::move(grave), now);
}

QuicTombstone QuicServerConnection::tombstone() const {
  QuicTombstone grave;
  // Three times the probe timeout (RFC 9000 §10.2), within reason.
  const auto lifetime = 3 * std::chrono::nanoseconds(ngtcp2_conn_get_pto(conn_.get()));
  grave.lifetime = std::clamp<Duration>(lifetime, 50ms, 3s);
  return grave;
}

void QuicServerConnection::end(const QuicEnd& ended, QuicTombstone grave, Now now) {
  leave_host();
  count_end(ended);
  if (protocol_ != nullptr) protocol_->on_ended(ended, now);
  if (grave.lifetime > Duration::zero()) grave.cids = std::exchange(cids_, {});
  host_.bury(*this, std::move(grave));
}

void QuicServerConnection::count_end(const QuicEnd& ended) {
  QuicStats& stats = host_.stats;
  using Cause = QuicEnd::Cause;
  if (ended.cause == Cause::handshake_timeout) {
    stats.handshakes_timed_out.add();
  } else if (ended.cause == Cause::displaced) {
    stats.handshakes_displaced.add();
  } else if (!is_established_) {
    stats.handshakes_failed.add();
  } else if (ended.cause == Cause::peer) {
    stats.ended_by_peer.add();
  } else if (ended.cause == Cause::idle) {
    stats.ended_idle.add();
  } else if (ended.cause == Cause::local) {
    stats.ended_locally.add();
  } else {
    stats.ended_by_error.add();
  }
}

Duration QuicServerConnection::rtt() const {
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn_.get(), &info);
  if (info.min_rtt == UINT64_MAX) return {};
  return std::chrono::nanoseconds(info.smoothed_rtt);
}

std::string QuicServerConnection::remote_address() const {
  return UdpAddress::copy_of(ngtcp2_conn_get_path(conn_.get())->remote.addr).text();
}

}  // namespace parley
