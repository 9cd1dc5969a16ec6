#include "quic/testing/quic_client.h"

#include <arpa/inet.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "quic/to_ngtcp2.h"

namespace parley {
namespace {

ngtcp2_tstamp ngtcp2_now() { return timestamp(monotonic_now()); }

ngtcp2_transport_params transport_params(const QuicClient::Options& options) {
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_data = options.connection_window;
  params.initial_max_stream_data_bidi_local = options.stream_window;
  params.initial_max_stream_data_uni = options.stream_window;
  params.initial_max_streams_uni = options.uni_streams;
  params.max_datagram_frame_size = options.datagram_bytes_max;
  params.max_idle_timeout = duration_of(options.idle_timeout);
  return params;
}

UdpAddress loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return UdpAddress(address);
}

}  // namespace

LoopbackSocket::LoopbackSocket(std::uint16_t port)
    : native_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  check(native_ >= 0, "no socket for a test");
  path_ = {loopback(0), loopback(port)};
  check(::bind(native_, path_.local.data(), path_.local.length()) == 0, "no port for a test");
  socklen_t length = UdpAddress::length_max;
  ::getsockname(native_, path_.local.data(), &length);
}

LoopbackSocket::~LoopbackSocket() { ::close(native_); }

void LoopbackSocket::send(Bytes bytes) const {
  const UdpAddress& to = path_.remote;
  ::sendto(native_, bytes.data(), bytes.size(), 0, to.data(), to.length());
}

std::optional<std::vector<std::uint8_t>> LoopbackSocket::receive(Duration limit) const {
  pollfd waits{native_, POLLIN, 0};
  const auto milliseconds = std::chrono::duration_cast<Millis>(limit).count();
  if (::poll(&waits, 1, static_cast<int>(milliseconds)) <= 0) return std::nullopt;
  std::vector<std::uint8_t> bytes(65536);
  const ssize_t count = ::recv(native_, bytes.data(), bytes.size(), 0);
  if (count < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

struct QuicClient::Hooks {
  static QuicClient& self(void* user_data) { return *static_cast<QuicClient*>(user_data); }

  static int completed(ngtcp2_conn* /*conn*/, void* user_data) {
    self(user_data).is_ready_ = true;
    return 0;
  }
  static int retry(ngtcp2_conn* conn, const ngtcp2_pkt_hd* header, void* user_data) {
    self(user_data).was_retried_ = true;
    return ngtcp2_crypto_recv_retry_cb(conn, header, user_data);
  }
  static int data(ngtcp2_conn* conn, std::uint32_t flags, std::int64_t id, std::uint64_t /*offset*/,
                  const std::uint8_t* data, std::size_t bytes, void* user_data, void* /*stream*/) {
    QuicClient& client = self(user_data);
    Stream& stream = client.streams_[id];
    stream.bytes.append(as_text({data, bytes}));
    if ((flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0) {
      stream.is_over = true;
      stream.order = ++client.ended_streams_;
    }
    if (client.options_.reads) {
      ngtcp2_conn_extend_max_stream_offset(conn, id, bytes);
      ngtcp2_conn_extend_max_offset(conn, bytes);
    } else {
      client.unread_[id] += bytes;
    }
    return 0;
  }
  static int reset(ngtcp2_conn* /*conn*/, std::int64_t id, std::uint64_t /*size*/,
                   std::uint64_t code, void* user_data, void* /*stream*/) {
    Stream& stream = self(user_data).streams_[id];
    stream.reset = code;
    stream.order = ++self(user_data).ended_streams_;
    return 0;
  }
  static int close(ngtcp2_conn* conn, std::uint32_t /*flags*/, std::int64_t id, std::uint64_t code,
                   void* user_data, void* /*stream*/) {
    Stream& stream = self(user_data).streams_[id];
    stream.is_closed = true;
    stream.close_code = code;
    if (is_server_stream(id)) ngtcp2_conn_extend_max_streams_uni(conn, 1);
    self(user_data).outgoing_.erase(id);
    return 0;
  }
  static int datagram(ngtcp2_conn* /*conn*/, std::uint32_t /*flags*/, const std::uint8_t* data,
                      std::size_t bytes, void* user_data) {
    self(user_data).datagrams_.emplace_back(as_text({data, bytes}));
    return 0;
  }
  static ngtcp2_callbacks all() {
    ngtcp2_callbacks made = QuicDial::callbacks();
    made.recv_retry = retry;
    made.handshake_completed = completed;
    made.recv_stream_data = data;
    made.stream_reset = reset;
    made.stream_close = close;
    made.recv_datagram = datagram;
    return made;
  }
};

QuicClient::QuicClient(std::uint16_t port, Options options)
    : options_(std::move(options)),
      port_(port),
      socket_(std::make_unique<LoopbackSocket>(port)),
      tls_(options_.ciphers) {
  QuicDial::Options dial{.path = socket_->path(),
                         .params = transport_params(options_),
                         .alpn = options_.alpn,
                         .token = options_.token};
  if (options_.first_cid_byte) dial.server_cid.data[0] = *options_.first_cid_byte;
  first_cid_byte_ = dial.server_cid.data[0];
  auto begun = QuicDial::begin(tls_, dial, Hooks::all(), this);
  check(begun.has_value(), "no client for a test");
  dial_ = std::move(*begun);
  conn_ = dial_->connection();
}

bool QuicClient::connect() {
  return run_until([this] { return is_ready_ || closed_; }) && is_ready_ && !closed_;
}

bool QuicClient::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint until = monotonic_now() + limit;
  for (;;) {
    if (!closed_) send_all();
    if (done()) return true;
    if (monotonic_now() >= until) return false;
    std::array<pollfd, 2> waits = {{{socket_->native(), POLLIN, 0}, {options_.event, POLLIN, 0}}};
    ::poll(waits.data(), waits.size(), poll_milliseconds(until));
    if ((waits[1].revents & POLLIN) != 0) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const ssize_t count = ::read(options_.event, &ignored, sizeof ignored);
    }
    receive();
    if (!closed_ && ngtcp2_conn_get_expiry(conn_) <= ngtcp2_now()) {
      const int error = ngtcp2_conn_handle_expiry(conn_, ngtcp2_now());
      if (error != 0) give_up(error);
    }
  }
}

int QuicClient::poll_milliseconds(TimePoint until) const {
  TimePoint next = until;
  if (!closed_) {
    const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(conn_);
    if (expiry != UINT64_MAX) next = std::min(next, TimePoint(std::chrono::nanoseconds(expiry)));
  }
  const auto left = std::chrono::ceil<Millis>(next - monotonic_now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 10'000));
}

void QuicClient::receive() {
  while (auto datagram = socket_->receive({})) {
    if (closed_ || is_lost()) continue;
    UdpPath path = socket_->path();
    const ngtcp2_path on_path = to_ngtcp2(path);
    const ngtcp2_pkt_info info{};
    const int error = ngtcp2_conn_read_pkt(conn_, &on_path, &info, datagram->data(),
                                           datagram->size(), ngtcp2_now());
    if (error != 0) give_up(error);
  }
}

void QuicClient::give_up(int error) {
  const ngtcp2_ccerr& said = *ngtcp2_conn_get_ccerr(conn_);
  closed_ = Closed{said.error_code, said.type == NGTCP2_CCERR_TYPE_APPLICATION, {}};
  if (error == NGTCP2_ERR_DRAINING) {
    if (said.reasonlen > 0) closed_->reason = as_text({said.reason, said.reasonlen});
    return;
  }
  closed_->reason = ngtcp2_strerror(error);
  ngtcp2_ccerr ours;
  ngtcp2_ccerr_default(&ours);
  ngtcp2_ccerr_set_liberr(&ours, error, nullptr, 0);
  std::array<std::uint8_t, 1500> packet{};
  const ngtcp2_ssize bytes = ngtcp2_conn_write_connection_close(
      conn_, nullptr, nullptr, packet.data(), packet.size(), &ours, ngtcp2_now());
  if (bytes > 0) socket_->send(Bytes(packet).first(static_cast<std::size_t>(bytes)));
}

bool QuicClient::is_lost() {
  return options_.loses_each > 0 && ++passed_ % options_.loses_each == 0;
}

void QuicClient::send_out(Bytes packet) {
  if (!is_lost()) socket_->send(packet);
}

void QuicClient::send_all() {
  while (!closed_ && send_one()) {
  }
  if (!closed_) ngtcp2_conn_update_pkt_tx_time(conn_, ngtcp2_now());
}

bool QuicClient::send_one() {
  std::array<std::uint8_t, 1500> packet{};
  ngtcp2_ssize written = 0;
  const auto finish = [&] {
    if (written < 0) give_up(static_cast<int>(written));
    if (written > 0) send_out(Bytes(packet).first(static_cast<std::size_t>(written)));
    return written > 0;
  };
  if (!datagrams_out_.empty() && is_ready_) {
    const std::string& datagram = datagrams_out_.front();
    int accepted = 0;
    written = ngtcp2_conn_write_datagram(
        conn_, nullptr, nullptr, packet.data(), packet.size(), &accepted, 0, 0,
        reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size(), ngtcp2_now());
    if (accepted != 0) datagrams_out_.pop_front();
    return finish();
  }
  for (auto& [id, queue] : outgoing_) {
    for (Outgoing& out : queue) {
      if (out.sent == out.bytes.size() && (!out.is_last || out.is_last_sent)) continue;
      ngtcp2_ssize taken = -1;
      written = ngtcp2_conn_write_stream(
          conn_, nullptr, nullptr, packet.data(), packet.size(), &taken,
          out.is_last ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0, id,
          reinterpret_cast<const std::uint8_t*>(out.bytes.data()) + out.sent,
          out.bytes.size() - out.sent, ngtcp2_now());
      if (written == NGTCP2_ERR_STREAM_DATA_BLOCKED || written == NGTCP2_ERR_STREAM_SHUT_WR ||
          written == NGTCP2_ERR_STREAM_NOT_FOUND)
        break;
      if (taken >= 0) {
        out.sent += static_cast<std::size_t>(taken);
        if (out.is_last && out.sent == out.bytes.size()) out.is_last_sent = true;
      }
      return finish();
    }
  }
  written =
      ngtcp2_conn_write_pkt(conn_, nullptr, nullptr, packet.data(), packet.size(), ngtcp2_now());
  return finish();
}

std::int64_t QuicClient::open_uni() {
  std::int64_t id = -1;
  return ngtcp2_conn_open_uni_stream(conn_, &id, nullptr) == 0 ? id : -1;
}

std::int64_t QuicClient::open_bidi() {
  std::int64_t id = -1;
  return ngtcp2_conn_open_bidi_stream(conn_, &id, nullptr) == 0 ? id : -1;
}

void QuicClient::send(StreamId stream, std::string bytes, bool is_last) {
  outgoing_[stream].push_back({std::move(bytes), 0, is_last, false});
}

void QuicClient::reset(StreamId stream, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream_write(conn_, 0, stream, code);
  outgoing_.erase(stream);
}

void QuicClient::stop(StreamId stream, std::uint64_t code) {
  ngtcp2_conn_shutdown_stream_read(conn_, 0, stream, code);
}

void QuicClient::close(std::uint64_t code, std::string_view reason) {
  ngtcp2_ccerr said;
  ngtcp2_ccerr_default(&said);
  ngtcp2_ccerr_set_application_error(&said, code, as_bytes(reason).data(), reason.size());
  std::array<std::uint8_t, 1500> packet{};
  const ngtcp2_ssize bytes = ngtcp2_conn_write_connection_close(
      conn_, nullptr, nullptr, packet.data(), packet.size(), &said, ngtcp2_now());
  check(bytes > 0, "a test client cannot close");
  socket_->send(Bytes(packet).first(static_cast<std::size_t>(bytes)));
  closed_ = Closed{code, true, std::string(reason)};
}

void QuicClient::change_port() {
  socket_ = std::make_unique<LoopbackSocket>(port_);
  UdpAddress local = socket_->path().local;
  const ngtcp2_addr address = to_ngtcp2(local);
  ngtcp2_conn_set_local_addr(conn_, &address);
}

void QuicClient::update_keys() {
  check(ngtcp2_conn_initiate_key_update(conn_, ngtcp2_now()) == 0, "no key update now");
}

void QuicClient::send_crypto(std::string_view bytes) {
  ngtcp2_conn_submit_crypto_data(conn_, NGTCP2_ENCRYPTION_LEVEL_1RTT, as_bytes(bytes).data(),
                                 bytes.size());
}

void QuicClient::drop_arrived() const {
  while (socket_->receive({})) {
  }
}

std::string QuicClient::certificate() const {
  unsigned count = 0;
  const gnutls_datum_t* chain = gnutls_certificate_get_peers(dial_->session(), &count);
  return count == 0 ? std::string() : std::string(as_text({chain->data, chain->size}));
}

std::string QuicClient::cipher() const {
  return gnutls_cipher_get_name(gnutls_cipher_get(dial_->session()));
}

void QuicClient::resume_reading() {
  options_.reads = true;
  for (const auto& [id, bytes] : std::exchange(unread_, {})) {
    ngtcp2_conn_extend_max_stream_offset(conn_, id, bytes);
    ngtcp2_conn_extend_max_offset(conn_, bytes);
  }
}

}  // namespace parley
