#include "http/http_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "actor/shard.h"
#include "base/log.h"

namespace parley {
namespace {

// Clients accepted in one turn of the loop; the rest waits in the kernel for the next.
constexpr int accepts_per_turn = 64;
// While we have no descriptors, waiting is all that helps.
constexpr Millis pause_without_descriptors = 100ms;
constexpr Duration between_complaints = 10s;

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { reset(); }

  void reset() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

Descriptor open_spare() { return Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

std::string shown(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string reason_of(int error) {
  if (error == EADDRINUSE) return "the port is in use by another process";
  if (error == EADDRNOTAVAIL) return "this machine does not have that address";
  if (error == EACCES) return "ports below 1024 need a privilege";
  return std::strerror(error);
}

// A client that came over IPv4 to an IPv6 socket is shown, and counted, as IPv4.
std::string address_text(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr))
      ::inet_ntop(AF_INET, &in.sin6_addr.s6_addr[12], text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
  }
  return text;
}

void set_option(int native_socket, int level, int option, int value) {
  ::setsockopt(native_socket, level, option, &value, sizeof value);
}

// Listens on one address; the number of the error when that fails.
Result<Descriptor, int> listen_on(const addrinfo& address) {
  Descriptor made(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.number() < 0) return tl::unexpected(errno);
  // Without SO_REUSEPORT: a second process must fail and not take half of the clients.
  set_option(made.number(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ai_family == AF_INET6) set_option(made.number(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(made.number(), address.ai_addr, address.ai_addrlen) != 0) return tl::unexpected(errno);
  if (::listen(made.number(), SOMAXCONN) != 0) return tl::unexpected(errno);
  return made;
}

Result<Descriptor> listen_on(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0)
    return fail("cannot listen on " + shown(host, port) + ": " + ::gai_strerror(failure));
  int last_error = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    auto made = listen_on(*address);
    if (made) {
      ::freeaddrinfo(found);
      return std::move(*made);
    }
    last_error = made.error();
    // Another address of the same name must not hide that the port is taken.
    if (last_error == EADDRINUSE) break;
  }
  ::freeaddrinfo(found);
  return fail("cannot listen on " + shown(host, port) + ": " + reason_of(last_error));
}

std::uint16_t port_of(int native_socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(native_socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    return ntohs(in.sin6_port);
  }
  sockaddr_in in{};
  std::memcpy(&in, &address, sizeof in);
  return ntohs(in.sin_port);
}

}  // namespace

class HttpListener::Acceptor final : public Timed, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(Shard& shard, Descriptor listening, OnAccepted on_accepted)
      : shard_(shard),
        port_(port_of(listening.number())),
        listening_(shard.io(), listening.release()),
        on_accepted_(std::move(on_accepted)),
        alarm_(shard, *this),
        spare_(open_spare()) {}

  void wait() {
    listening_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [weak = weak_from_this()](const boost::system::error_code& error) {
                            const auto self = weak.lock();
                            if (self && !error) self->accept_some();
                          });
  }

  void stop() {
    alarm_.cancel();
    boost::system::error_code ignored;
    listening_.close(ignored);
  }

  void on_deadline(Now) override {
    if (listening_.is_open()) wait();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void accept_some() {
    for (int i = 0; i < accepts_per_turn && listening_.is_open(); ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int accepted =
          ::accept4(listening_.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted >= 0) {
        set_option(accepted, IPPROTO_TCP, TCP_NODELAY, 1);
        on_accepted_(accepted, address_text(address));
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        return shed_one_and_pause(errno);
      // Anything else is the end of one client, not of ours (ECONNABORTED, EPROTO, …).
    }
    if (listening_.is_open()) wait();
  }

  // The spare descriptor lets one waiting client in just to be told to go: it sees an end instead
  // of a silence.
  void shed_one_and_pause(int error) {
    const TimePoint now = shard_.now().monotonic;
    ++shed_;
    if (!complained_at_ || now - *complained_at_ >= between_complaints) {
      complained_at_ = now;
      log_error("Cannot accept a client", {{"reason", std::strerror(error)},
                                           {"times", shed_},
                                           {"remedy", "raise the limit of open files"}});
      shed_ = 0;
    }
    spare_.reset();
    Descriptor client(
        ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.number() >= 0) {
      constexpr std::string_view answer =
          "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
      (void)!::send(client.number(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      ::shutdown(client.number(), SHUT_WR);
    }
    client.reset();
    spare_ = open_spare();
    alarm_.set(now + pause_without_descriptors);
  }

  Shard& shard_;
  std::uint16_t port_;
  boost::asio::posix::stream_descriptor listening_;
  OnAccepted on_accepted_;
  Shard::Alarm alarm_;
  Descriptor spare_;
  std::uint64_t shed_ = 0;
  std::optional<TimePoint> complained_at_;
};

Result<std::unique_ptr<HttpListener>> HttpListener::open(Shard& shard, const std::string& host,
                                                         std::uint16_t port,
                                                         OnAccepted on_accepted) {
  auto listening = listen_on(host, port);
  if (!listening) return tl::unexpected(std::move(listening.error()));
  return std::unique_ptr<HttpListener>(new HttpListener(
      std::make_shared<Acceptor>(shard, std::move(*listening), std::move(on_accepted))));
}

HttpListener::HttpListener(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {}

HttpListener::~HttpListener() { stop(); }

void HttpListener::start() { acceptor_->wait(); }

void HttpListener::stop() { acceptor_->stop(); }

std::uint16_t HttpListener::port() const { return acceptor_->port(); }

}  // namespace parley
