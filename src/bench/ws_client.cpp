#include "bench/ws_client.h"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bench/client_frame.h"
#include "bench/upgrade.h"

namespace parley::bench {
namespace {

// A relay ends sessions after 30 s (10 s in its older forms).
constexpr auto silence_max = 8s;

// On a bad link as much is read at once as this: a large read would be as late as its last byte.
constexpr std::size_t link_read_bytes_max = 16 * 1024;
// And so much may be under way to us before the relay notices that it gets no further: what a
// kernel's buffers hold on a usual line.
constexpr std::size_t link_arriving_bytes_max = 256 * 1024;

std::string error_text(std::string_view what, int error) {
  return fmt::format("{}: {}", what, std::strerror(error));
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

std::string close_text(Bytes payload) {
  if (payload.size() < 2) return "closed by the server without a code";
  const unsigned code = static_cast<unsigned>(payload[0]) << 8 | payload[1];
  const std::string_view reason = as_text(payload.subspan(2));
  return reason.empty() ? fmt::format("closed by the server with {}", code)
                        : fmt::format("closed by the server with {} \"{}\"", code, reason);
}

}  // namespace

WsClient::~WsClient() {
  if (fd_ < 0) return;
  loop_.forget(fd_, *this);
  ::close(fd_);
}

Result<void> WsClient::connect(const Target& target, std::string_view path) {
  const Endpoint& endpoint = target.websocket;
  fd_ = ::socket(endpoint.address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(error_text("socket", errno));
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  upgrade_ = upgrade_request(endpoint, path);
  if (endpoint.is_tls) tls_ = std::make_unique<TlsClient>();
  if (!target.link.is_perfect()) link_ = std::make_unique<Link>(target.link, number_);
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address.storage);
  if (::connect(fd_, address, endpoint.address.size) != 0 && errno != EINPROGRESS)
    return fail(error_text("cannot connect to " + endpoint.authority(), errno));
  watched_ = EPOLLOUT;
  loop_.watch(fd_, watched_, *this);
  return {};
}

bool WsClient::send(Bytes packet) {
  const std::size_t waiting = waiting_.size() + (link_ ? link_->leaving_bytes() : 0);
  if (state_ != State::open || waiting > waiting_bytes_max) return false;
  write(packet);
  return true;
}

void WsClient::keep_alive(TimePoint now) {
  if (state_ == State::open && now - last_sent_at_ >= silence_max)
    send(client_frame(Opcode::pong, {}, mask_key));
}

void WsClient::set_reading(bool reading) {
  is_reading_ = reading;
  update_events();
}

void WsClient::close() {
  if (state_ != State::open) return abort("closed before it was open");
  const std::array<std::uint8_t, 2> code = {1000 >> 8, 1000 & 0xFF};
  write(client_frame(Opcode::close, code, mask_key));
  if (state_ == State::open) state_ = State::closing;
}

void WsClient::abort(std::string_view reason) {
  if (state_ != State::ended) end(std::string(reason));
}

void WsClient::on_ready(std::uint32_t events) {
  if (state_ == State::ended) return;
  if (state_ == State::connecting) {
    if (const int error = pending_error(fd_); error != 0)
      return end(error_text("refused: cannot connect", error));
    state_ = State::upgrading;
    write(as_bytes(upgrade_));
    upgrade_.clear();
    return update_events();
  }
  if ((events & EPOLLOUT) != 0) flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && state_ != State::ended) {
    // A connection that does not read still learns that it was reset.
    if (!is_reading_ && (events & (EPOLLHUP | EPOLLERR)) != 0)
      return end(error_text("lost", pending_error(fd_)));
    if (is_reading_) read();
  }
}

void WsClient::read() {
  const MutableBytes buffer = link_ ? loop_.buffer().first(link_read_bytes_max) : loop_.buffer();
  const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (count <= 0) return end_of_input(count);
  read_at_ = monotonic_now();
  const Bytes bytes = buffer.first(static_cast<std::size_t>(count));
  if (!link_) return read_wire(bytes);
  link_->arrive_stream(bytes, read_at_);
  set_link_timer();
  update_events();
}

void WsClient::end_of_input(ssize_t count) {
  const int error = errno;
  // What is still under way comes at once then.
  while (link_ && state_ != State::ended) {
    const auto bytes = link_->take_arriving(never);
    if (!bytes) break;
    read_wire(*bytes);
  }
  if (state_ == State::ended) return;
  if (state_ == State::upgrading)
    return end("refused: " + read_upgrade_answer(upgrade_, true).reason);
  end(count == 0 ? "the server ended the connection without a Close frame"
                 : error_text("lost", error));
}

void WsClient::on_timer() {
  const TimePoint now = monotonic_now();
  while (const auto bytes = link_->take_leaving(now)) write_now(*bytes);
  read_at_ = now;
  while (const auto bytes = link_->take_arriving(now)) {
    read_wire(*bytes);
    if (state_ == State::ended) return;
  }
  set_link_timer();
  update_events();
}

void WsClient::set_link_timer() { loop_.set_timer(*this, link_->next_due()); }

/// What is opened takes the place of `wire` in the loop's buffer.
void WsClient::read_wire(Bytes wire) {
  if (tls_ == nullptr) return read_bytes(wire);
  tls_->feed(wire);
  while (const auto plain = tls_->open(loop_.buffer())) {
    read_bytes(*plain);
    if (state_ == State::ended) return;
  }
  const bool is_let_in = state_ != State::upgrading;
  if (!tls_->fault().empty()) return end((is_let_in ? "lost: " : "refused: ") + tls_->fault());
  if (const Bytes said = tls_->answer(); !said.empty()) write_wire(said);
}

void WsClient::read_bytes(Bytes bytes) {
  if (state_ == State::upgrading)
    read_upgrade(bytes);
  else
    read_frames(bytes);
}

void WsClient::read_upgrade(Bytes bytes) {
  upgrade_ += as_text(bytes);
  const UpgradeAnswer answer = read_upgrade_answer(upgrade_, false);
  if (answer.state == UpgradeState::refused) return end("refused: " + answer.reason);
  if (answer.state == UpgradeState::incomplete) return;
  const std::string frames = upgrade_.substr(answer.header_bytes);
  upgrade_ = {};
  tell_open();
  if (state_ != State::ended) read_frames(as_bytes(frames));
}

void WsClient::read_frames(Bytes bytes) {
  if (!reader_.feed(bytes, *this) && state_ != State::ended)
    end(fmt::format("the server broke the WebSocket protocol: {}", reader_.fault()));
}

void WsClient::on_message(Bytes head, std::size_t size) {
  if (state_ == State::open) tell({head, size, read_at_});
}

void WsClient::on_control(Opcode opcode, Bytes payload) {
  if (state_ == State::ended) return;
  if (opcode == Opcode::ping && state_ == State::open)
    write(client_frame(Opcode::pong, payload, mask_key));
  if (opcode != Opcode::close) return;
  if (state_ == State::closing) return end(std::string(closed_by_us));
  write(client_frame(Opcode::close, payload.first(std::min<std::size_t>(payload.size(), 2)),
                     mask_key));
  end(close_text(payload));
}

void WsClient::write(Bytes bytes) {
  last_sent_at_ = monotonic_now();
  write_wire(tls_ == nullptr ? bytes : tls_->seal(bytes));
}

void WsClient::write_wire(Bytes wire) {
  if (!link_) return write_now(wire);
  link_->leave_stream(wire, monotonic_now());
  set_link_timer();
}

void WsClient::write_now(Bytes bytes) {
  if (waiting_.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      // What the server said before it closed may still wait to be read; that read ends it.
      return;
    }
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    if (bytes.empty()) return;
  }
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  update_events();
}

void WsClient::flush() {
  if (!waiting_.empty()) {
    const ssize_t count = ::send(fd_, waiting_.data(), waiting_.size(), MSG_NOSIGNAL);
    if (count > 0) waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) waiting_.clear();
  }
  if (waiting_.empty()) update_events();
}

void WsClient::update_events() {
  if (state_ == State::ended || state_ == State::connecting) return;
  const bool reads = is_reading_ && (!link_ || link_->arriving_bytes() < link_arriving_bytes_max);
  const std::uint32_t events =
      (reads ? EPOLLIN : 0U) | (waiting_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT));
  if (events == watched_) return;
  watched_ = events;
  loop_.change(fd_, events, *this);
}

void WsClient::end(std::string reason) {
  loop_.forget(fd_, *this);
  ::close(fd_);
  fd_ = -1;
  waiting_ = {};
  tell_end(std::move(reason));
}

}  // namespace parley::bench
