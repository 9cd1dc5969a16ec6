#include "bench/floor.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

#include "bench/cpu_meter.h"
#include "bench/interrupt.h"

namespace parley::bench {
namespace {

constexpr std::size_t socket_count = 100;
constexpr std::size_t frames_each = 5'000;
constexpr std::size_t frame_bytes = 1'204;
constexpr std::uint64_t paced_milliseconds = 2'000;

/// Descriptors that are closed together.
class Sockets {
 public:
  Sockets() = default;
  ~Sockets() {
    for (const int fd : fds_) ::close(fd);
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
  void add(int fd) { fds_.push_back(fd); }
  [[nodiscard]] const std::vector<int>& all() const { return fds_; }

 private:
  std::vector<int> fds_;
};

tl::unexpected<Error> fail_errno(const char* what) {
  return fail(fmt::format("measuring the floor: {}: {}", what, std::strerror(errno)));
}

/// Fills both ends with connected loopback sockets.
Result<void> connect_pairs(Sockets& writers, Sockets& readers) {
  Sockets listener;
  const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening < 0) return fail_errno("socket");
  listener.add(listening);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listening, generic, size) != 0 || ::listen(listening, 128) != 0 ||
      ::getsockname(listening, generic, &size) != 0)
    return fail_errno("listen");
  for (std::size_t i = 0; i < socket_count; ++i) {
    const int reader = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (reader < 0) return fail_errno("socket");
    readers.add(reader);
    if (::connect(reader, generic, size) != 0) return fail_errno("connect");
    const int writer = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (writer < 0) return fail_errno("accept");
    writers.add(writer);
    const int on = 1;
    ::setsockopt(writer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return {};
}

/// Reads everything until every writer has shut its end down.
void drain(const std::vector<int>& readers, const std::vector<int>& cpus) {
  const BoundThread bound(cpus);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return;
  for (const int fd : readers) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }
  constexpr std::size_t buffer_bytes = 256 * 1024;
  const auto buffer = std::make_unique<std::uint8_t[]>(buffer_bytes);
  std::size_t open = readers.size();
  std::array<epoll_event, 64> events;
  while (open > 0) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (::recv(fd, buffer.get(), buffer_bytes, 0) > 0) continue;
      ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);
      --open;
    }
  }
  ::close(epoll);
}

/// Sends all frames and returns the processor time of one.
Duration send_all(const std::vector<int>& writers, const std::vector<int>& cpus) {
  const BoundThread bound(cpus);
  const std::string frame(frame_bytes, 'x');
  const Duration before = own_thread_cpu();
  for (std::size_t n = 0; n < frames_each; ++n)
    for (const int fd : writers)
      // Blocks when the reader falls behind; only time on the processor counts.
      if (::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) < 0) break;
  return (own_thread_cpu() - before) / (frames_each * socket_count);
}

/// Sends what is due each millisecond for two seconds and returns the processor time of one frame,
/// sleeping and waking included.
Duration send_paced(const std::vector<int>& writers, const std::vector<int>& cpus,
                    double frames_per_second) {
  const BoundThread bound(cpus);
  const std::string frame(frame_bytes, 'x');
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec every_millisecond{{0, 1'000'000}, {0, 1'000'000}};
  if (timer < 0 || ::timerfd_settime(timer, 0, &every_millisecond, nullptr) != 0) return {};
  const Duration before = own_thread_cpu();
  std::size_t sent = 0;
  for (std::uint64_t ticks = 0; ticks < paced_milliseconds && !interrupted();) {
    std::uint64_t elapsed = 0;
    if (::read(timer, &elapsed, sizeof elapsed) != sizeof elapsed) break;
    ticks += elapsed;
    const auto due = static_cast<std::size_t>(frames_per_second * static_cast<double>(ticks) / 1e3);
    for (; sent < due; ++sent)
      if (::send(writers[sent % writers.size()], frame.data(), frame.size(), MSG_NOSIGNAL) < 0)
        break;
  }
  const Duration used = own_thread_cpu() - before;
  ::close(timer);
  return sent == 0 ? Duration{} : used / static_cast<std::int64_t>(sent);
}

/// The cost that `send(writers, cpus)` returns, with a reader on the client's processors.
template <class Send>
Result<Duration> measure_once(const CpuPlan& cpus, Send send) {
  Sockets writers;
  Sockets readers;
  if (auto connected = connect_pairs(writers, readers); !connected)
    return fail(connected.error().message);
  Duration cost{};
  std::thread reader([&readers, &cpus] { drain(readers.all(), cpus.client); });
  std::thread writer([&] { cost = send(writers.all(), cpus.server); });
  writer.join();
  for (const int fd : writers.all()) ::shutdown(fd, SHUT_WR);
  reader.join();
  return cost;
}

}  // namespace

Result<std::vector<Duration>> measure_floor(const CpuPlan& cpus, std::size_t runs) {
  std::vector<Duration> costs;
  for (std::size_t i = 0; i < runs && !interrupted(); ++i) {
    const auto cost = measure_once(cpus, send_all);
    if (!cost) return fail(cost.error().message);
    costs.push_back(*cost);
  }
  return costs;
}

Result<Duration> measure_paced_floor(const CpuPlan& cpus, double frames_per_second) {
  return measure_once(
      cpus, [frames_per_second](const std::vector<int>& writers, const std::vector<int>& on) {
        return send_paced(writers, on, frames_per_second);
      });
}

Floor summarize(std::vector<Duration> costs) {
  if (costs.empty()) return {};
  std::sort(costs.begin(), costs.end());
  return {.median = costs[costs.size() / 2], .least = costs.front(), .most = costs.back()};
}

}  // namespace parley::bench
