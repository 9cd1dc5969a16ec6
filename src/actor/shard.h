#pragma once
// Shard: one thread, one event loop, and everything that lives on it.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "actor/busy_meter.h"
#include "actor/mailbox.h"
#include "base/time.h"
#include "chat/shard_stats.h"

namespace parley {

/// Something on a shard that wants to be told when a time has come.
class Timed {
 public:
  virtual void on_deadline(Now now) = 0;

 protected:
  ~Timed() = default;
};

/// Something on a shard that has queued output in this turn of the loop.
class Flushable {
 public:
  virtual void flush(Now now) = 0;

 protected:
  ~Flushable() = default;
};

/// One thread with one Asio loop. A turn of the loop handles what is ready, for at most a
/// millisecond, and then flushes once each session that was written to. Everything here but
/// `post()` and `stop()` is for the shard's own thread.
class Shard {
 public:
  explicit Shard(std::size_t index);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Runs turns until stop(). Call from the thread that is to be this shard's.
  void run();
  /// Makes run() return after the present turn. Any thread.
  void stop();

  /// Runs `task` on this shard in order of arrival. Any thread. Never refused: for control only.
  void post(Task task) { mailbox_.post(std::move(task)); }
  /// The same for media, which may be refused: see Mailbox::offer. Any thread.
  [[nodiscard]] bool offer(Task task, std::size_t bytes, bool is_first) {
    return mailbox_.offer(std::move(task), bytes, is_first);
  }
  Mailbox& mailbox() { return mailbox_; }
  /// Runs what has been posted. After a read and before what was read is acted upon: whatever was
  /// posted because of an event must be seen before the event's consequences.
  void run_posted() { mailbox_.run(); }

  /// `flushable.flush(now)` at the end of this turn. The caller keeps track of asking once a turn.
  void flush_later(Flushable& flushable) { to_flush_.push_back(&flushable); }
  void forget(Flushable& flushable);

  /// Has `timed.on_deadline()` called at its own `deadline()`, which is asked every turn: for what
  /// changes its mind often. One, before run().
  template <class T>
  void drive(T& driven) {
    driven_deadline_ = [&driven] { return driven.deadline(); };
    run_driven_ = [&driven](Now now) { driven.on_deadline(now); };
  }

  /// Keeps `object` until this turn is over: for those that end while their own code runs.
  void destroy_later(std::shared_ptr<void> object) { ended_.push_back(std::move(object)); }

  /// A place in the shard's deadlines; asking again moves it.
  class Alarm {
   public:
    Alarm(Shard& shard, Timed& timed) : shard_(shard), timed_(timed) {}
    ~Alarm() { cancel(); }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    /// `timed.on_deadline()` at `when` (never = not at all). At most a millisecond late.
    void set(TimePoint when);
    void cancel();

   private:
    friend class Shard;
    void find_place();
    [[nodiscard]] bool is_put_off() const { return when_ > place_->first; }

    Shard& shard_;
    Timed& timed_;
    TimePoint when_ = never;
    std::multimap<TimePoint, Alarm*>::iterator place_;  ///< at when_, or earlier
    bool set_ = false;
  };

  /// The time of this turn, read once when it is first asked for.
  [[nodiscard]] Now now() {
    if (!now_is_read_) read_clock();
    return now_;
  }
  /// The share of its time that it works, from 0 to 1.
  [[nodiscard]] double busy() const { return busy_.share(); }
  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] ShardStats& stats() { return stats_; }
  [[nodiscard]] const ShardStats& stats() const { return stats_; }

  /// Scratch space of this shard for one read; its content is gone at the next one.
  /// What has been posted runs between a read and the use of what was read: it must not read here.
  [[nodiscard]] MutableBytes read_space() { return read_space_; }
  /// The same for what nobody will look at; anybody may write there at any time.
  [[nodiscard]] MutableBytes discard_space() { return discard_space_; }

 private:
  void read_clock();
  void turn();
  void end_turn();
  void run_deadlines();
  void arm_timer();

  std::size_t index_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  TimePoint timer_armed_for_ = never;
  Mailbox mailbox_;
  ShardStats stats_;
  BusyMeter busy_;
  Now now_;
  bool now_is_read_ = false;
  std::multimap<TimePoint, Alarm*> deadlines_;
  std::vector<Flushable*> to_flush_;
  std::vector<std::shared_ptr<void>> ended_;
  std::function<TimePoint()> driven_deadline_ = [] { return never; };
  std::function<void(Now)> run_driven_ = [](Now) {};
  std::vector<std::uint8_t> read_space_, discard_space_;
  std::atomic<bool> stopping_{false};
};

}  // namespace parley
