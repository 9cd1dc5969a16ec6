#pragma once
// StoreThread: one thread with one connection to the record, and what waits for it.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/time.h"
#include "chat/session_manager.h"
#include "chat/shard_stats.h"

namespace parley {

/// Called once for each request, by the store's thread or within the very call that asked; it posts
/// to its shard and does nothing else.
using StartReply = std::function<void(Result<Started, SessionRefusal>)>;
using EndReply = std::function<void(StoreResult<Ended>)>;

/// What one thread counts. Written under its lock, read anywhere.
struct StoreStats {
  Cell starts;        ///< recorded
  Cell ends;          ///< recorded
  Cell refused_full;  ///< starts for which there was no place to wait
  Cell refused_down;  ///< starts refused because the store was unavailable or too slow
  Cell ends_lost;     ///< ends that will not be recorded
  Cell failures;      ///< how often the store did not do what it was asked
  Cell waiting;       ///< starts and ends that wait now
  Cell is_up;         ///< 1 while the store answers
};

/// What the threads of one store have in common.
struct StoreThreadRules {
  std::string name{};      ///< of the database, for the log
  std::string instance{};  ///< names this process among those that share the record
  Millis renewal = instance_renewal;
  std::size_t starts_waiting_max = 256;   ///< of all threads together
  std::size_t ends_waiting_max = 65'536;  ///< of all threads together
  Millis start_wait_max = 5s;             ///< whoever waits longer is refused
  int end_attempts_max = 5;               ///< after each, the store first has to answer again
  Millis retry_first = 100ms, retry_last = 1s;
  /// How long the end of the process waits for what is still to be recorded.
  Millis stop_wait_max = 2s;
};

/// Shared by the threads of one store; any of them.
struct StoreThreadCounts {
  std::atomic<std::size_t> starts_waiting{0};
  std::atomic<std::size_t> ends_waiting{0};
  std::atomic<std::size_t> threads_down{0};
};

/// Does what it is asked in order. While the store is unavailable it refuses starts at once, keeps
/// ends, and tries to renew the instance, first after `retry_first`, then ever later.
class StoreThread {
 public:
  /// Connects at once, in its own time. `rules` and `counts` outlive it.
  StoreThread(std::unique_ptr<SessionStore> store, const StoreThreadRules& rules,
              StoreThreadCounts& counts);
  /// Refuses the starts that wait, and records the ends while that works and time is left.
  ~StoreThread();
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void start(SessionStart start, StartReply reply);
  void end(SessionEnd end, EndReply reply);

  /// Asks it to stop without waiting for it; the destructor waits.
  void stop();

  [[nodiscard]] const StoreStats& stats() const { return stats_; }

 private:
  struct StartRequest {
    SessionStart start;
    StartReply reply;
    TimePoint since;
  };
  struct EndRequest {
    SessionEnd end;
    EndReply reply;
    int attempts = 0;
  };
  /// Of a start that was refused because it was in doubt.
  struct WithdrawRequest {
    SessionStart start;
    int attempts = 0;
  };
  using Request = std::variant<StartRequest, EndRequest, WithdrawRequest>;
  /// unknown: nobody has asked the store anything yet.
  enum class Health : std::uint8_t { unknown, up, down };
  using Lock = std::unique_lock<std::mutex>;

  // Whatever takes the lock has it on return, too, but lets go of it to ask and to answer.
  void run();
  void finish(Lock& lock);
  void renew(Lock& lock);
  void serve_next(Lock& lock);
  void serve(const StartRequest& request, Lock& lock);
  void serve(EndRequest request, Lock& lock);
  void serve(WithdrawRequest request, Lock& lock);
  void refuse(const StartRequest& request, StoreError cause, Cell& counter, Lock& lock);
  void lose(EndRequest request, StoreError cause, Lock& lock);
  /// True if what failed with `error` is to be tried again.
  bool keeps_trying(const StoreError& error, int attempts, Lock& lock);
  void put_back(Request request);
  Request take();
  void went_up();
  void went_down(const StoreError& error, Lock& lock);

  const std::unique_ptr<SessionStore> store_;
  const SessionManager manager_;
  const StoreThreadRules& rules_;
  StoreThreadCounts& counts_;
  StoreStats stats_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Request> queue_;        // under mutex_
  Health health_ = Health::unknown;  // under mutex_
  bool stopping_ = false;            // under mutex_
  TimePoint due_;                    ///< when the instance is renewed next; the thread's
  Millis retry_;                     ///< the thread's
  std::thread thread_;
};

}  // namespace parley
