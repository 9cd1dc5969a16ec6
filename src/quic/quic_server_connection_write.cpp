// QuicServerConnection: the write loop. See webtransport.md §3.4 of the design papers.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "quic/quic_server_connection.h"

namespace parley {
namespace {

/// Bytes in flight above which nothing new is sent, whatever the congestion window: ngtcp2 1.11
/// cannot tell a client that acknowledges what it has not seen.
constexpr std::uint64_t in_flight_max = 4 * 1024 * 1024;
/// Things pulled for one packet at most, however small they are.
constexpr int pulls_per_packet = 64;
/// Keys are changed long before AES-GCM wears out after 2^23 packets (RFC 9001 §6.6).
constexpr std::uint64_t packets_per_key = std::uint64_t{1} << 22;
/// Timers of connections that have nothing to send meet on a grid: one waking for all.
constexpr Duration timer_grid = 4ms;
/// ngtcp2 would send the acknowledgement of a single packet after an eighth of a round trip, and at
/// the latest when we have announced (RFC 9000 §18.2, the default).
constexpr ngtcp2_duration max_ack_delay = 25 * NGTCP2_MILLISECONDS;
/// It waits so long for something that carries it, rounded down to the grid.
constexpr Duration acknowledgement_wait = 22ms;
/// What is left behind for want of time goes on so soon.
constexpr Duration more_after = 1ms;
/// The least time to the next try of one that has.
constexpr Duration retry_after = 50us;

TimePoint rounded_down(TimePoint when, Duration grid) {
  return when - when.time_since_epoch() % grid;
}

UdpPath path_of(const ngtcp2_path& path) {
  return {UdpAddress::copy_of(path.local.addr), UdpAddress::copy_of(path.remote.addr)};
}

}  // namespace

void QuicServerConnection::flush(Now now) {
  if (has_ended_) return;
  // What is handed over until all is written goes with this flush, and needs no other.
  asked_ = Asked::this_turn;
  now_ = now;
  Writing writing(now);
  // What has expired is done with first, or it would hide what expires next.
  if (!close_ && expiry() <= timestamp(now)) {
    writing.may_probe = true;
    if (!expire(now)) return;
  }
  if (!close_) write_packets(writing);
  if (has_ended_) return;
  asked_ = Asked::nothing;
  if (writing.is_socket_full) ask_flush();  // goes on when it takes more
  if (!close_ && protocol_ != nullptr) {
    const bool is_blocked = streams_.any_waits() || !datagrams_.empty() || writing.is_held;
    protocol_->on_flushed(writing.has_accepted, is_blocked, now);
  }
  if (!close_) {
    set_alarm(now);
    return;
  }
  ngtcp2_ccerr said;
  ngtcp2_ccerr_default(&said);
  const Bytes reason = as_bytes(close_->reason);
  ngtcp2_ccerr_set_application_error(&said, close_->code, reason.data(), reason.size());
  close_with(said,
             {.cause = QuicEnd::Cause::local,
              .code = close_->code,
              .is_application = true,
              .reason = close_->reason},
             now);
}

void QuicServerConnection::flush_in_vain(Now now) {
  if (has_ended_ || is_closing() || protocol_ == nullptr) return;
  now_ = now;
  protocol_->on_flushed(/*accepted=*/false, /*blocked=*/true, now);
}

/// Writes as much as one send quantum (RFC 9002 §7.7) allows.
void QuicServerConnection::write_packets(Writing& writing) {
  update_keys_in_time(writing.now);
  const std::size_t quantum = ngtcp2_conn_get_send_quantum(conn_.get());
  bool is_spent = false;
  while (!is_spent && prepare_packet(writing)) {
    const std::size_t path_bytes_max = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
    const ngtcp2_ssize written = write_one_packet(writing);
    if (written < 0) {
      fail(static_cast<int>(written), writing.now);
      return;
    }
    if (written == 0) {
      writing.is_held |= writing.with_data && (streams_.any_waits() || !datagrams_.empty());
      break;
    }
    add_packet(writing, static_cast<std::size_t>(written), path_bytes_max);
    is_spent = writing.bytes >= quantum;
    if (has_said_all(writing)) break;
  }
  if (writing.bytes > 0) pace(writing.now);
  is_held_ = writing.is_held;
  is_more_due_ = is_spent && (streams_.any_waits() || !datagrams_.empty() || !is_protocol_drained_);
}

/// The packet had room for more of anything, and there was nothing: the next would be empty. ngtcp2
/// has packets of their own only for handshakes, probes and paths; it is asked again for those.
bool QuicServerConnection::has_said_all(const Writing& writing) const {
  return writing.has_room_left && is_established_ && !writing.may_probe && is_protocol_drained_ &&
         !streams_.any_waits() && datagrams_.empty();
}

/// ngtcp2 counts the moment from which its pacing lets the next packet go as an expiry. Without
/// anything to send it is none.
void QuicServerConnection::pace(Now now) {
  const ngtcp2_tstamp before = expiry();
  ngtcp2_conn_update_pkt_tx_time(conn_.get(), timestamp(now));
  forget_expiry();
  const ngtcp2_tstamp after = expiry();
  if (after == before) return;
  paced_until_ = after;
  next_expiry_ = before;
}

/// Between two packets, when ngtcp2 may be asked anything: what is due is done, and the protocol
/// hands over what the next packet can carry. False if there can be no next packet.
bool QuicServerConnection::prepare_packet(Writing& writing) {
  perform_resets();
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn_.get(), &info);
  const bool is_congested = info.bytes_in_flight >= std::min(info.cwnd, in_flight_max);
  if (can_send_data_ && protocol_ != nullptr && !is_congested &&
      ngtcp2_conn_get_max_data_left(conn_.get()) > 0)
    pull_ahead(writing.now);
  else
    writing.is_held |= !is_protocol_drained_;
  if (close_) return false;
  perform_resets();
  drop_large_datagrams();
  writing.with_data = can_send_data_ && !is_congested;
  writing.window = ngtcp2_conn_get_max_data_left(conn_.get());
  // As large as a packet may ever be: with the present path's size ngtcp2 would never probe.
  const MutableBytes space = host_.sender.space();
  const std::size_t bytes_max = ngtcp2_conn_get_max_tx_udp_payload_size(conn_.get());
  writing.space = space.first(std::min(space.size(), bytes_max));
  if (!writing.space.empty()) return true;
  writing.is_held = true;
  writing.is_socket_full = true;
  return false;
}

void QuicServerConnection::pull_ahead(Now now) {
  const std::size_t packet = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
  for (int i = 0; i < pulls_per_packet && !close_; ++i) {
    if (streams_.held_bytes() > SendStreams::held_bytes_pull_max) return;
    // What would fill the packet's end now is what something more urgent may displace.
    const Urgency than = datagram_bytes_ >= packet ? Urgency::control
                                                   : streams_.urgency_at(packet - datagram_bytes_);
    if (than == Urgency::control) return;
    const bool has_pulled = protocol_->pull(than, now);
    is_protocol_drained_ = !has_pulled && than == Urgency::none;
    if (!has_pulled) return;
  }
}

/// Fills one packet: frame after frame, until ngtcp2 says that it is complete. Meanwhile nothing
/// else may be asked of ngtcp2.
ngtcp2_ssize QuicServerConnection::write_one_packet(Writing& writing) {
  ngtcp2_path_storage_zero(&writing.path);
  writing.info = {};
  writing.has_data = writing.has_room_left = false;
  forget_expiry();
  ngtcp2_ssize written = NGTCP2_ERR_WRITE_MORE;
  while (written == NGTCP2_ERR_WRITE_MORE) {
    SendStream* stream = writing.with_data ? streams_.first_ready(writing.window == 0) : nullptr;
    if (writing.with_data && is_datagrams_turn(writing, stream))
      written = write_datagram(writing);
    else if (stream != nullptr)
      written = write_stream(writing, *stream);
    else
      written = write_rest(writing);
  }
  return written;
}

ngtcp2_ssize QuicServerConnection::write_stream(Writing& writing, SendStream& stream) {
  const SendStream::Offer offer = stream.offer();
  std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_MORE;
  if (offer.is_last) flags |= NGTCP2_WRITE_STREAM_FLAG_FIN;
  ngtcp2_ssize taken = -1;
  const ngtcp2_ssize written = ngtcp2_conn_writev_stream(
      conn_.get(), &writing.path.path, &writing.info, writing.space.data(), writing.space.size(),
      &taken, flags, stream.id(), offer.vectors.data(), offer.count, timestamp(writing.now));
  if (taken >= 0) {
    const auto bytes = static_cast<std::size_t>(taken);
    writing.window -= std::min<std::uint64_t>(writing.window, bytes);
    writing.has_accepted = writing.has_data = true;
    streams_.on_sent(stream, bytes, offer.is_last && bytes == offer.bytes);
  }
  switch (written) {
    case NGTCP2_ERR_STREAM_DATA_BLOCKED:
      streams_.on_blocked(stream);
      return NGTCP2_ERR_WRITE_MORE;
    case NGTCP2_ERR_STREAM_SHUT_WR:
    case NGTCP2_ERR_STREAM_NOT_FOUND:
      streams_.on_refused(stream);
      return NGTCP2_ERR_WRITE_MORE;
    default:
      return written;
  }
}

/// Datagrams go first, but leave half of the way to streams that wait, and do not overtake what
/// controls them: a client forgets datagrams of a session that it does not know yet.
bool QuicServerConnection::is_datagrams_turn(const Writing& writing,
                                             const SendStream* stream) const {
  if (datagrams_.empty()) return false;
  if (stream == nullptr) return true;
  if (stream->urgency() == Urgency::control) return false;
  return writing.datagram_bytes * 2 <= writing.bytes + writing.space.size();
}

ngtcp2_ssize QuicServerConnection::write_datagram(Writing& writing) {
  const Datagram& datagram = datagrams_.front();
  std::array<ngtcp2_vec, 2> vectors;
  std::size_t count = 0;
  for (const Bytes part : {datagram.prefix.bytes(), datagram.payload.bytes()})
    if (!part.empty()) vectors[count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
  int accepted = 0;
  const ngtcp2_ssize written = ngtcp2_conn_writev_datagram(
      conn_.get(), &writing.path.path, &writing.info, writing.space.data(), writing.space.size(),
      &accepted, NGTCP2_WRITE_DATAGRAM_FLAG_MORE, 0, vectors.data(), count, timestamp(writing.now));
  if (accepted != 0) {
    writing.has_accepted = writing.has_data = true;
    writing.datagram_bytes += datagram.size();
    datagram_bytes_ -= datagram.size();
    datagrams_.pop_front();
  }
  return written;
}

/// What ngtcp2 has to say itself, and the end of the packet.
ngtcp2_ssize QuicServerConnection::write_rest(Writing& writing) {
  writing.has_room_left = writing.has_data;
  return ngtcp2_conn_writev_stream(
      conn_.get(), &writing.path.path, &writing.info, writing.space.data(), writing.space.size(),
      nullptr, NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, timestamp(writing.now));
}

void QuicServerConnection::add_packet(Writing& writing, std::size_t bytes,
                                      std::size_t path_bytes_max) {
  const bool is_probe = bytes > path_bytes_max;
  host_.sender.add(bytes, path_of(writing.path.path), static_cast<std::uint8_t>(writing.info.ecn),
                   is_probe);
  writing.bytes += bytes;
  ++packets_since_key_update_;
}

void QuicServerConnection::perform_resets() {
  streams_.perform_resets([this](StreamId id, std::uint64_t code) {
    ngtcp2_conn_shutdown_stream_write(conn_.get(), 0, id, code);
  });
  for (const Stop stop : std::exchange(due_stops_, {}))
    ngtcp2_conn_shutdown_stream_read(conn_.get(), 0, stop.stream, stop.code);
}

/// The path may have become narrower since they were taken; one that never fits would stay for
/// ever.
void QuicServerConnection::drop_large_datagrams() {
  while (!datagrams_.empty() && datagrams_.front().size() > datagram_bytes_max()) {
    host_.stats.datagrams_too_large.add();
    datagram_bytes_ -= datagrams_.front().size();
    datagrams_.pop_front();
  }
}

void QuicServerConnection::update_keys_in_time(Now now) {
  if (packets_since_key_update_ < packets_per_key) return;
  // Refused while the last update is not confirmed: then the next flush tries again.
  if (ngtcp2_conn_initiate_key_update(conn_.get(), timestamp(now)) == 0)
    packets_since_key_update_ = 0;
}

std::uint64_t QuicServerConnection::expiry() {
  if (!expiry_) expiry_ = ngtcp2_conn_get_expiry(conn_.get());
  return *expiry_;
}

TimePoint QuicServerConnection::transport_deadline(Now now) {
  ngtcp2_tstamp next = expiry();
  if (next == paced_until_ && !is_more_due_ && !is_held_) next = next_expiry_;
  if (next == UINT64_MAX) return is_more_due_ ? now.monotonic + retry_after : never;
  const TimePoint soon = now.monotonic + retry_after;
  TimePoint when = std::max(TimePoint(std::chrono::nanoseconds(next)), soon);
  if (is_more_due_) return std::min(when, now.monotonic + more_after);
  if (is_held_) return when;
  if (is_about_acknowledgement(next))
    return std::max(when, rounded_down(unacknowledged_since_ + acknowledgement_wait, timer_grid));
  return rounded_down(when + timer_grid - 1ns, timer_grid);
}

/// ngtcp2 does not say what it is that expires next; an acknowledgement is known by its moment.
/// What expires later than that shows that none is due.
bool QuicServerConnection::is_about_acknowledgement(ngtcp2_tstamp next) {
  if (!is_established_ || unacknowledged_since_ == never) return false;
  ngtcp2_conn_info info;
  ngtcp2_conn_get_conn_info(conn_.get(), &info);
  const ngtcp2_tstamp due =
      timestamp(unacknowledged_since_) + std::min(info.smoothed_rtt / 8, max_ack_delay);
  if (next > due) unacknowledged_since_ = never;
  return next == due;
}

void QuicServerConnection::set_alarm(Now now) {
  TimePoint when = transport_deadline(now);
  if (protocol_ != nullptr) when = std::min(when, protocol_->deadline());
  alarm_.set(when);
}

}  // namespace parley
