#pragma once
// LoadLoop: one epoll loop for all connections of the load tool, the memory they read into and
// write from, and their timers.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace parley::bench {

/// A connection, as its loop sees it.
class LoopMember {
 public:
  virtual ~LoopMember() = default;
  /// Its socket is ready for `events`, in epoll's own words.
  virtual void on_ready(std::uint32_t events) = 0;
  /// The time of set_timer() has come, or a little less: look again.
  virtual void on_timer() {}
  /// Asked for with ask_flush(): all of a turn is there and can leave together.
  virtual void on_flush() {}

 protected:
  /// What set_timer() waits for; `never` while on_timer() runs.
  [[nodiscard]] TimePoint timer() const { return timer_; }

 private:
  friend class LoadLoop;
  TimePoint timer_ = never;
  bool wants_flush_ = false;
};

/// Waits for sockets and times and tells their members. One thread.
class LoadLoop {
 public:
  static Result<std::unique_ptr<LoadLoop>> create();
  ~LoadLoop();
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  /// What to wait for, in epoll's own words.
  void watch(int fd, std::uint32_t events, LoopMember& member);
  void change(int fd, std::uint32_t events, LoopMember& member);
  /// The member hears of nothing more, of its socket, its timer or a flush.
  void forget(int fd, LoopMember& member);

  /// One timer for each member: the last call counts.
  void set_timer(LoopMember& member, TimePoint when);
  /// on_flush() at the beginning of the next turn.
  void ask_flush(LoopMember& member);

  /// A turn: flushes, then serves what is ready; waits for something until `deadline`. Serves at
  /// most one batch, so that a flood of events does not make the caller miss its next tick.
  void run_once(TimePoint deadline);

  /// Where every member reads into: what is there is only valid until the next read.
  [[nodiscard]] MutableBytes buffer() { return {buffer_.get(), buffer_bytes}; }
  /// Where a member builds what it sends: valid until it returns.
  [[nodiscard]] MutableBytes send_buffer() { return {send_buffer_.get(), send_buffer_bytes}; }

 private:
  // A read of a busy connection brings some ten to hundred packets; more than the kernel's buffer
  // hands out at once is of no use.
  static constexpr std::size_t buffer_bytes = 512 * 1024;
  static constexpr std::size_t send_buffer_bytes = 64 * 1024;

  explicit LoadLoop(int epoll);
  void flush();
  void fire_timers();

  int epoll_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::unique_ptr<std::uint8_t[]> send_buffer_;
  std::set<std::pair<TimePoint, LoopMember*>> timers_;
  std::vector<LoopMember*> flushes_;
  std::vector<LoopMember*> flushing_;
};

}  // namespace parley::bench
