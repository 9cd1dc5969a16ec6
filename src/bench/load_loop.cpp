#include "bench/load_loop.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "base/check.h"

namespace parley::bench {
namespace {

constexpr std::size_t batch_max = 64;

timespec to_timespec(Duration duration) {
  const auto nanos = std::max<std::int64_t>(0, duration.count());
  return {.tv_sec = nanos / 1'000'000'000, .tv_nsec = nanos % 1'000'000'000};
}

}  // namespace

Result<std::unique_ptr<LoadLoop>> LoadLoop::create() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return fail(fmt::format("epoll_create1: {}", std::strerror(errno)));
  // The default slack of 50 µs would show up in every latency.
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  return std::unique_ptr<LoadLoop>(new LoadLoop(epoll));
}

LoadLoop::LoadLoop(int epoll)
    : epoll_(epoll),
      buffer_(std::make_unique<std::uint8_t[]>(buffer_bytes)),
      send_buffer_(std::make_unique<std::uint8_t[]>(send_buffer_bytes)) {}

LoadLoop::~LoadLoop() { ::close(epoll_); }

void LoadLoop::watch(int fd, std::uint32_t events, LoopMember& member) {
  epoll_event event{.events = events, .data = {.ptr = &member}};
  check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0, "epoll refuses a socket");
}

void LoadLoop::change(int fd, std::uint32_t events, LoopMember& member) {
  epoll_event event{.events = events, .data = {.ptr = &member}};
  check(::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0, "epoll does not know a socket");
}

void LoadLoop::forget(int fd, LoopMember& member) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  set_timer(member, never);
  member.wants_flush_ = false;
  std::erase(flushes_, &member);
  std::replace(flushing_.begin(), flushing_.end(), &member, static_cast<LoopMember*>(nullptr));
}

void LoadLoop::set_timer(LoopMember& member, TimePoint when) {
  if (member.timer_ == when) return;
  if (member.timer_ != never) timers_.erase({member.timer_, &member});
  member.timer_ = when;
  if (when != never) timers_.emplace(when, &member);
}

void LoadLoop::ask_flush(LoopMember& member) {
  if (!std::exchange(member.wants_flush_, true)) flushes_.push_back(&member);
}

void LoadLoop::run_once(TimePoint deadline) {
  flush();
  if (!timers_.empty()) deadline = std::min(deadline, timers_.begin()->first);
  const timespec wait = to_timespec(deadline - monotonic_now());
  std::array<epoll_event, batch_max> events;
  const int count = ::epoll_pwait2(epoll_, events.data(), batch_max, &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    static_cast<LoopMember*>(event.data.ptr)->on_ready(event.events);
  }
  if (!timers_.empty()) fire_timers();
}

void LoadLoop::flush() {
  // Who asks meanwhile is served in the next turn; who is forgotten meanwhile is null.
  std::swap(flushing_, flushes_);
  for (std::size_t i = 0; i < flushing_.size(); ++i) {
    LoopMember* member = flushing_[i];
    if (member == nullptr) continue;
    member->wants_flush_ = false;
    member->on_flush();
  }
  flushing_.clear();
}

void LoadLoop::fire_timers() {
  const TimePoint now = monotonic_now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    LoopMember* member = timers_.begin()->second;
    set_timer(*member, never);
    member->on_timer();
  }
}

}  // namespace parley::bench
