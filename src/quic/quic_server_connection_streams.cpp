// QuicServerConnection: what ngtcp2 reports, and what the protocol asks for.
#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "quic/quic_server_connection.h"

namespace parley {
namespace {

/// RFC 9114 §8.1.
constexpr std::uint64_t h3_excessive_load = 0x107;
/// RFC 8446 §6.2: unexpected_message.
constexpr std::uint8_t unexpected_message = 10;
/// Streams that a peer may reset before we saw a byte of them. ngtcp2 1.11 never forgets those.
constexpr std::size_t unseen_resets_max = 1000;
/// Clients behind a NAT change their port now and then; one that does so more often is up to
/// something, and each change makes us probe.
constexpr std::size_t path_changes_max = 10;
constexpr Duration path_changes_period = 60s;

}  // namespace

/// What ngtcp2 calls. 0 is success; NGTCP2_ERR_CALLBACK_FAILURE would end the connection.
struct QuicServerConnection::Hooks {
  static QuicServerConnection& self(void* user_data) {
    return *static_cast<QuicServerConnection*>(user_data);
  }

  static int crypto_data(ngtcp2_conn* connection, ngtcp2_encryption_level level,
                         std::uint64_t offset, const std::uint8_t* data, std::size_t bytes,
                         void* user_data) {
    if (self(user_data).handshake_ != nullptr)
      return ngtcp2_crypto_recv_crypto_data_cb(connection, level, offset, data, bytes, user_data);
    // After the handshake a client has nothing to say in TLS: it gets no tickets, is not asked for
    // a certificate, and KeyUpdate is forbidden (RFC 9001 §6).
    ngtcp2_conn_set_tls_alert(connection, unexpected_message);
    return NGTCP2_ERR_CRYPTO;
  }

  static int tx_key(ngtcp2_conn* /*connection*/, ngtcp2_encryption_level level, void* user_data) {
    if (level == NGTCP2_ENCRYPTION_LEVEL_1RTT) self(user_data).can_send_data_ = true;
    return 0;
  }

  static int handshake_completed(ngtcp2_conn* /*connection*/, void* user_data) {
    self(user_data).on_established();
    return 0;
  }

  static int stream_data(ngtcp2_conn* /*connection*/, std::uint32_t flags, std::int64_t stream,
                         std::uint64_t /*offset*/, const std::uint8_t* data, std::size_t bytes,
                         void* user_data, void* /*stream_user_data*/) {
    const bool is_last = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    self(user_data).on_stream_data(stream, {data, bytes}, is_last);
    return 0;
  }

  static int stream_reset(ngtcp2_conn* /*connection*/, std::int64_t stream,
                          std::uint64_t /*final_size*/, std::uint64_t code, void* user_data,
                          void* /*stream_user_data*/) {
    self(user_data).on_stream_reset(stream, code);
    return 0;
  }

  static int stream_close(ngtcp2_conn* /*connection*/, std::uint32_t flags, std::int64_t stream,
                          std::uint64_t code, void* user_data, void* /*stream_user_data*/) {
    const bool has_code = (flags & NGTCP2_STREAM_CLOSE_FLAG_APP_ERROR_CODE_SET) != 0;
    self(user_data).on_stream_closed(stream, has_code ? std::optional(code) : std::nullopt);
    return 0;
  }

  static int acked(ngtcp2_conn* /*connection*/, std::int64_t stream, std::uint64_t /*offset*/,
                   std::uint64_t bytes, void* user_data, void* /*stream_user_data*/) {
    self(user_data).streams_.on_acked(stream, static_cast<std::size_t>(bytes));
    return 0;
  }

  static int more_stream_window(ngtcp2_conn* /*connection*/, std::int64_t stream,
                                std::uint64_t /*window*/, void* user_data,
                                void* /*stream_user_data*/) {
    self(user_data).streams_.on_unblocked(stream);
    return 0;
  }

  static int more_streams(ngtcp2_conn* /*connection*/, std::uint64_t /*count*/, void* user_data) {
    self(user_data).is_news_ = true;
    return 0;
  }

  static int datagram(ngtcp2_conn* /*connection*/, std::uint32_t /*flags*/,
                      const std::uint8_t* data, std::size_t bytes, void* user_data) {
    QuicServerConnection& connection = self(user_data);
    connection.is_news_ = true;
    if (connection.protocol_ != nullptr && !connection.is_closing())
      connection.protocol_->on_datagram({data, bytes}, connection.now_);
    return 0;
  }

  static int new_cid(ngtcp2_conn* /*connection*/, ngtcp2_cid* cid, std::uint8_t* token,
                     std::size_t bytes, void* user_data) {
    check(bytes == Cid::our_bytes, "ngtcp2 wants connection ids of another length");
    QuicServerConnection& connection = self(user_data);
    const Cid made = connection.add_cid();
    ngtcp2_cid_init(cid, made.data.data(), made.length);
    const auto& secret = connection.host_.secrets.stateless_reset;
    const int failed =
        ngtcp2_crypto_generate_stateless_reset_token(token, secret.data(), secret.size(), cid);
    return failed == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
  }

  static int remove_cid(ngtcp2_conn* /*connection*/, const ngtcp2_cid* cid, void* user_data) {
    self(user_data).remove_route(Cid::copy_of({cid->data, cid->datalen}));
    return 0;
  }

  static int path_validation(ngtcp2_conn* /*connection*/, std::uint32_t /*flags*/,
                             const ngtcp2_path* /*path*/, const ngtcp2_path* old_path,
                             ngtcp2_path_validation_result /*result*/, void* user_data) {
    if (old_path != nullptr) self(user_data).on_path_changed();
    return 0;
  }

  static void random(std::uint8_t* out, std::size_t bytes, const ngtcp2_rand_ctx* /*context*/) {
    fill_random({out, bytes});
  }
};

const ngtcp2_callbacks& QuicServerConnection::callbacks() {
  static const ngtcp2_callbacks all = [] {
    ngtcp2_callbacks made{};
    made.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
    made.recv_crypto_data = Hooks::crypto_data;
    made.handshake_completed = Hooks::handshake_completed;
    made.encrypt = ngtcp2_crypto_encrypt_cb;
    made.decrypt = ngtcp2_crypto_decrypt_cb;
    made.hp_mask = ngtcp2_crypto_hp_mask_cb;
    made.recv_stream_data = Hooks::stream_data;
    made.acked_stream_data_offset = Hooks::acked;
    made.stream_close = Hooks::stream_close;
    made.stream_reset = Hooks::stream_reset;
    made.extend_max_stream_data = Hooks::more_stream_window;
    made.extend_max_local_streams_uni = Hooks::more_streams;
    made.rand = Hooks::random;
    made.get_new_connection_id = Hooks::new_cid;
    made.remove_connection_id = Hooks::remove_cid;
    made.update_key = ngtcp2_crypto_update_key_cb;
    made.path_validation = Hooks::path_validation;
    made.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
    made.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
    made.recv_datagram = Hooks::datagram;
    made.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
    made.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
    made.recv_tx_key = Hooks::tx_key;
    return made;
  }();
  return all;
}

void QuicServerConnection::on_established() {
  is_established_ = true;
  host_.stats.handshakes.add();
  host_.stats.handshakes_open.subtract();
  if (host_.rules.keep_alive > Duration::zero())
    ngtcp2_conn_set_keep_alive_timeout(conn_.get(), duration_of(host_.rules.keep_alive));
}

void QuicServerConnection::on_path_changed() {
  if (now_.monotonic - path_changes_since_ > path_changes_period) {
    path_changes_since_ = now_.monotonic;
    path_changes_ = 0;
  }
  if (++path_changes_ > path_changes_max) close(h3_excessive_load, "too many path changes");
}

QuicServerConnection::PeerStream& QuicServerConnection::peer_stream(StreamId id) {
  const auto [place, is_new] = peer_streams_.try_emplace(id);
  // Its other way is ours to write: the answers to what is asked on it.
  if (is_new && !is_unidirectional(id)) streams_.open(id, Urgency::control);
  return place->second;
}

void QuicServerConnection::on_stream_data(StreamId id, Bytes bytes, bool is_last) {
  is_news_ = true;
  PeerStream& stream = peer_stream(id);
  if (stream.is_stopped || is_closing() || protocol_ == nullptr) {
    ngtcp2_conn_extend_max_offset(conn_.get(), bytes.size());
    return;
  }
  if (bytes.empty() && !is_last) return;
  outstanding_ += bytes.size();
  protocol_->on_stream_data(id, bytes, is_last, now_);
}

void QuicServerConnection::on_stream_reset(StreamId id, std::uint64_t code) {
  is_news_ = true;
  if (!peer_streams_.contains(id)) {
    if (is_unidirectional(id)) return on_unseen_reset(id, code);
    // Nobody will answer what was never asked: it is over when our way is, too.
    peer_stream(id);
    reset(id, code, 0);
  }
  if (protocol_ != nullptr && !is_closing()) protocol_->on_stream_reset(id, code, now_);
}

void QuicServerConnection::on_unseen_reset(StreamId id, std::uint64_t code) {
  host_.stats.streams_reset_unseen.add();
  if (protocol_ == nullptr || is_closing()) return;
  if (++unseen_resets_ > unseen_resets_max) {
    close(h3_excessive_load, "too many streams are reset at once");
    return;
  }
  // ngtcp2 1.11 keeps such a stream for ever and never reports its end.
  grant_stream_later();
  protocol_->on_stream_reset(id, code, now_);
  protocol_->on_stream_closed(id, 0, now_);
}

void QuicServerConnection::on_stream_closed(StreamId id, std::optional<std::uint64_t> code) {
  const bool is_ours = is_server_stream(id);
  const auto peer = peer_streams_.find(id);
  const bool was_stopped = peer != peer_streams_.end() && peer->second.is_stopped;
  // ngtcp2 gives the first code that either side has named.
  const bool is_peers_code =
      !streams_.is_reset(id) && !was_stopped && (is_ours || !is_unidirectional(id));
  if (peer != peer_streams_.end()) {
    peer_streams_.erase(peer);
    if (is_unidirectional(id))
      grant_stream_later();
    else
      ngtcp2_conn_extend_max_streams_bidi(conn_.get(), 1);
  }
  streams_.close(id);
  if (protocol_ != nullptr && !is_closing())
    protocol_->on_stream_closed(id, is_peers_code ? code.value_or(0) : 0, now_);
}

std::optional<StreamId> QuicServerConnection::open_uni(Urgency urgency) {
  if (is_closing()) return std::nullopt;
  StreamId id = -1;
  if (ngtcp2_conn_open_uni_stream(conn_.get(), &id, nullptr) != 0) return std::nullopt;
  streams_.open(id, urgency);
  return id;
}

std::uint64_t QuicServerConnection::uni_streams_left() const {
  return ngtcp2_conn_get_streams_uni_left(conn_.get());
}

void QuicServerConnection::write(StreamId stream, Buffer bytes, bool is_last) {
  if (is_closing()) return;
  streams_.write(stream, std::move(bytes), is_last);
  if (streams_.held_bytes() > SendStreams::held_bytes_max)
    close(h3_excessive_load, "too much waits to be sent");
  ask_flush();
}

void QuicServerConnection::write_packet(StreamId stream, Bytes prefix, Packet packet) {
  if (is_closing()) return;
  streams_.write_packet(stream, prefix, std::move(packet));
  if (streams_.held_bytes() > SendStreams::held_bytes_max)
    close(h3_excessive_load, "too much waits to be sent");
  ask_flush();
}

void QuicServerConnection::reset(StreamId stream, std::uint64_t code, std::size_t reliable_bytes) {
  if (is_closing()) return;
  streams_.reset(stream, code, reliable_bytes);
  ask_flush();
}

void QuicServerConnection::stop(StreamId stream, std::uint64_t code) {
  const auto found = peer_streams_.find(stream);
  if (is_closing() || found == peer_streams_.end()) return;
  if (std::exchange(found->second.is_stopped, true)) return;
  due_stops_.push_back({stream, code});
  ask_flush();
}

bool QuicServerConnection::send_datagram(Bytes prefix, Buffer payload) {
  if (is_closing()) return false;
  const std::size_t bytes = prefix.size() + payload.size();
  if (bytes > datagram_bytes_max() || bytes == 0) {
    host_.stats.datagrams_too_large.add();
    return false;
  }
  if (datagrams_.size() >= datagrams_max) {
    host_.stats.datagrams_overflowed.add();
    return false;
  }
  datagrams_.push_back({StreamPrefix(prefix), std::move(payload)});
  datagram_bytes_ += bytes;
  ask_flush();
  return true;
}

std::size_t QuicServerConnection::datagram_bytes_max() const {
  const ngtcp2_transport_params* peer = ngtcp2_conn_get_remote_transport_params(conn_.get());
  if (peer == nullptr) return 0;
  // The frame's type and length; in the packet besides those the first byte, the peer's id, the
  // packet number and the tag.
  constexpr std::size_t frame = 3;
  constexpr std::size_t packet = 1 + 4 + 16 + frame;
  const std::size_t path = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
  const std::size_t overhead = packet + ngtcp2_conn_get_dcid(conn_.get())->datalen;
  const std::uint64_t peer_max = peer->max_datagram_frame_size;
  if (peer_max <= frame || path <= overhead) return 0;
  return std::min(static_cast<std::size_t>(peer_max) - frame, path - overhead);
}

/// A client takes a stream for each packet. To grant each anew would be a packet of ours for every
/// one of its own, and one more to acknowledge that.
void QuicServerConnection::grant_stream_later() {
  if (++streams_to_grant_ * 4 >= host_.rules.uni_streams) grant_streams();
}

void QuicServerConnection::grant_streams() {
  if (streams_to_grant_ > 0)
    ngtcp2_conn_extend_max_streams_uni(conn_.get(), std::exchange(streams_to_grant_, 0));
}

void QuicServerConnection::give_back_to_stream(StreamId stream, std::size_t bytes) {
  if (has_ended_ || bytes == 0 || is_server_stream(stream)) return;
  ngtcp2_conn_extend_max_stream_offset(conn_.get(), stream, bytes);
  ask_flush();
}

void QuicServerConnection::give_back(std::size_t bytes) {
  const std::uint64_t given = std::min<std::uint64_t>(bytes, outstanding_);
  if (has_ended_ || given == 0) return;
  outstanding_ -= given;
  const std::uint64_t owed = is_wider_by_ - std::min(is_wider_by_, may_be_wider_by_);
  const std::uint64_t kept = std::min(owed, given);
  is_wider_by_ -= kept;
  if (given == kept) return;
  ngtcp2_conn_extend_max_offset(conn_.get(), given - kept);
  ask_flush();
}

void QuicServerConnection::widen(std::size_t bytes) {
  may_be_wider_by_ = bytes;
  if (has_ended_ || may_be_wider_by_ <= is_wider_by_) return;
  ngtcp2_conn_extend_max_offset(conn_.get(), may_be_wider_by_ - is_wider_by_);
  is_wider_by_ = may_be_wider_by_;
  ask_flush();
}

void QuicServerConnection::wake(Urgency urgency) {
  is_protocol_drained_ = false;
  if (urgency < Urgency::video)
    ask_flush();
  else
    ask_flush_in_batch();
}

void QuicServerConnection::ask_flush() {
  if (has_ended_ || asked_ == Asked::this_turn) return;
  asked_ = Asked::this_turn;
  host_.flush_later(*this);
}

void QuicServerConnection::ask_flush_in_batch() {
  if (has_ended_ || asked_ != Asked::nothing) return;
  if (!is_in_batch_ && !host_.flush_in_batch(*this)) return ask_flush();
  is_in_batch_ = true;
  asked_ = Asked::in_batch;
}

void QuicServerConnection::on_batch_due() {
  is_in_batch_ = false;
  // Or it has been flushed since.
  if (asked_ == Asked::in_batch) ask_flush();
}

void QuicServerConnection::close(std::uint64_t code, std::string_view reason) {
  if (is_closing()) return;
  close_ = Close{code, std::string(reason)};
  ask_flush();
}

}  // namespace parley
