// ws_echo: sends back every text and binary message it gets. A test tool over the relay's own
// handshake and frame codec, for suites that know no rooms. One thread and poll(2).

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/http_types.h"
#include "http/request_head.h"
#include "http/response_head.h"
#include "websocket/frame_decoder.h"
#include "websocket/frame_encoder.h"
#include "websocket/handshake.h"

namespace parley {
namespace {

constexpr std::size_t head_bytes_max = 8 * 1024;
constexpr std::size_t read_bytes_max = 64 * 1024;
// A peer that does not read its echoes is not read from beyond this.
constexpr std::size_t waiting_bytes_max = 16 * 1024 * 1024;
// How long input is thrown away after the last byte is sent: closing a socket with unread bytes
// would take the close frame away from the peer.
constexpr Duration linger_time = 2s;

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8089;
  std::size_t message_bytes_max = 4'000'000;
};

/// A descriptor, closed with its owner.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// One peer, from its request to its end.
class Connection {
 public:
  Connection(Socket socket, const FrameLimits* limits)
      : socket_(std::move(socket)), decoder_(limits) {}

  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] bool has_ended() const { return stage_ == Stage::ended; }
  [[nodiscard]] short wanted_events() const {
    const bool reads = waiting_bytes() < waiting_bytes_max;
    return static_cast<short>((reads ? POLLIN : 0) | (waiting_bytes() > 0 ? POLLOUT : 0));
  }

  /// Reads what is there, answers it, and sends what the peer takes.
  void turn(short events, MutableBytes scratch, TimePoint now) {
    if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) read(scratch);
    flush(now);
  }

  void expire(TimePoint now) {
    if (stage_ == Stage::lingering && now >= deadline_) stage_ = Stage::ended;
  }

 private:
  enum class Stage {
    request,
    open,
    /// The last byte is in `out_`; input is thrown away.
    closing,
    /// All is sent and our half is closed; waits for the peer's end.
    lingering,
    ended,
  };

  [[nodiscard]] std::size_t waiting_bytes() const { return out_.size() - sent_; }

  void read(MutableBytes scratch) {
    const ssize_t count = ::recv(fd(), scratch.data(), scratch.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (count <= 0) {
      stage_ = Stage::ended;
      return;
    }
    Bytes in = scratch.first(static_cast<std::size_t>(count));
    if (stage_ == Stage::request) in = take_request(in);
    if (stage_ == Stage::open) take_frames(in);
  }

  /// Returns what follows the request: a client may send frames with it.
  Bytes take_request(Bytes in) {
    const std::size_t before = request_.size();
    request_ += as_text(in);
    const HeadScanner::State state = head_scanner_.scan(request_);
    if (head_scanner_.size() > head_bytes_max)
      refuse(HttpResponse::text(431, "The request's head is longer than 8 KiB."));
    else if (state == HeadScanner::State::garbage)
      refuse(HttpResponse::text(400, "This is no HTTP request."));
    else if (state == HeadScanner::State::complete)
      answer_request(std::string_view(request_).substr(0, head_scanner_.size()));
    if (stage_ != Stage::open) return {};
    request_ = {};
    return in.subspan(head_scanner_.size() - before);
  }

  void answer_request(std::string_view head) {
    const auto request = read_request_head(head);
    if (!request) {
      refuse(HttpResponse::text(request.error().status, request.error().body));
      return;
    }
    const auto accept = check_handshake(*request);
    if (!accept) {
      refuse(accept.error());
      return;
    }
    append_text(handshake_answer(*accept));
    stage_ = Stage::open;
  }

  void take_frames(Bytes in) {
    while (stage_ == Stage::open) {
      FrameEvent event = decoder_.next(in);
      switch (event.kind) {
        case FrameEventKind::needs_room:
        case FrameEventKind::need_more:
          return;
        case FrameEventKind::binary:
          append_frame(out_, Opcode::binary, event.message.written());
          break;
        case FrameEventKind::text:
          append_frame(out_, Opcode::text, event.message.written());
          break;
        case FrameEventKind::ping:
          append(pong_frame(event.payload).bytes());
          break;
        case FrameEventKind::pong:
          break;
        case FrameEventKind::close:
        case FrameEventKind::violation:
          append(close_frame(event.code, event.reason).bytes());
          stage_ = Stage::closing;
          break;
      }
    }
  }

  void refuse(const HttpResponse& response) {
    append_text(response_head(response, {.close = true}));
    append(response.body.bytes());
    stage_ = Stage::closing;
  }

  void append(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void append_text(std::string_view text) { append(as_bytes(text)); }

  void flush(TimePoint now) {
    while (waiting_bytes() > 0 && stage_ != Stage::ended) {
      const ssize_t count = ::send(fd(), out_.data() + sent_, waiting_bytes(), MSG_NOSIGNAL);
      if (count < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) stage_ = Stage::ended;
        return;
      }
      sent_ += static_cast<std::size_t>(count);
    }
    out_.clear();
    sent_ = 0;
    if (stage_ == Stage::closing) {
      ::shutdown(fd(), SHUT_WR);
      stage_ = Stage::lingering;
      deadline_ = now + linger_time;
    }
  }

  Socket socket_;
  Stage stage_ = Stage::request;
  std::string request_;
  HeadScanner head_scanner_;
  FrameDecoder decoder_;
  std::vector<std::uint8_t> out_;
  std::size_t sent_ = 0;
  TimePoint deadline_ = never;
};

std::string last_error() { return std::error_code(errno, std::generic_category()).message(); }

Result<Socket> listen_on(const Options& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1)
    return fail("'" + options.host + "' is not an IPv4 address");

  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd() < 0) return fail("cannot make a socket: " + last_error());
  const int yes = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.fd(), SOMAXCONN) != 0) {
    const std::string where = options.host + ":" + std::to_string(options.port);
    if (errno == EADDRINUSE) return fail(where + " is in use by another program");
    return fail("cannot listen on " + where + ": " + last_error());
  }
  return socket;
}

std::uint16_t port_of(const Socket& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void accept_all(const Socket& listener, const FrameLimits& limits,
                std::vector<std::unique_ptr<Connection>>& connections) {
  while (true) {
    Socket socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.fd() < 0) return;
    const int yes = 1;
    ::setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connections.push_back(std::make_unique<Connection>(std::move(socket), &limits));
  }
}

[[noreturn]] void serve(const Socket& listener, const FrameLimits& limits) {
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<std::uint8_t> scratch(read_bytes_max);
  std::vector<pollfd> polled;
  while (true) {
    polled.assign(1, {listener.fd(), POLLIN, 0});
    for (const auto& connection : connections)
      polled.push_back({connection->fd(), connection->wanted_events(), 0});
    ::poll(polled.data(), polled.size(), connections.empty() ? -1 : 250);

    const TimePoint now = monotonic_now();
    for (std::size_t i = 0; i < connections.size(); ++i) {
      if (polled[i + 1].revents != 0) connections[i]->turn(polled[i + 1].revents, scratch, now);
      connections[i]->expire(now);
    }
    std::erase_if(connections, [](const auto& connection) { return connection->has_ended(); });
    if (polled[0].revents != 0) accept_all(listener, limits, connections);
  }
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

Result<Options> parse_options(const std::vector<std::string_view>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const std::string name(arguments[i]);
    if (name != "--host" && name != "--port" && name != "--message-bytes-max")
      return fail("unknown option '" + name + "'");
    if (i + 1 == arguments.size()) return fail(name + " needs a value");
    const std::string value(arguments[i + 1]);
    if (name == "--host") options.host = value;
    if (name == "--port" && !parse_number(value, options.port))
      return fail("--port is a number from 0 to 65535, not '" + value + "'");
    if (name == "--message-bytes-max" && !parse_number(value, options.message_bytes_max))
      return fail("--message-bytes-max is a number of bytes, not '" + value + "'");
  }
  return options;
}

constexpr const char* usage =
    "usage: ws_echo [--host ADDRESS] [--port PORT] [--message-bytes-max BYTES]\n"
    "Sends back every WebSocket message it gets. Defaults: 127.0.0.1, 8089, 4000000;\n"
    "port 0 takes any free port and says which.\n";

int run(const std::vector<std::string_view>& arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--help") != arguments.end()) {
    std::fputs(usage, stdout);
    return 0;
  }
  const Result<Options> options = parse_options(arguments);
  if (!options) {
    std::fprintf(stderr, "ws_echo: %s\n%s", options.error().message.c_str(), usage);
    return 2;
  }
  const Result<Socket> listener = listen_on(*options);
  if (!listener) {
    std::fprintf(stderr, "ws_echo: %s\n", listener.error().message.c_str());
    return 1;
  }
  std::printf("listening on %s:%u\n", options->host.c_str(), unsigned{port_of(*listener)});
  std::fflush(stdout);
  const FrameLimits limits{.message_bytes_max = options->message_bytes_max, .keep_text = true};
  serve(*listener, limits);
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  return parley::run(std::vector<std::string_view>(argv + 1, argv + argc));
}
