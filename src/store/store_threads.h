#pragma once
// StoreThreads: the record as the shards ask for it. They ask and go on; threads of its own wait.

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "store/database.h"
#include "store/store_thread.h"

namespace parley {

/// Threads with one connection each; a room is always the same thread's, so what is asked of it is
/// done in order.
///
/// Starts have somebody who waits: they are refused when 256 wait already, when the store is
/// unavailable, and after 5 s. Ends have nobody, and are kept over a store that is away: there is
/// at most one for each participant who came in while it was not. Beyond 65 536, after five
/// attempts, and when the process ends, they are lost and counted.
class StoreThreads {
 public:
  /// `threads` is how many there are; 0 = as many as are good for the database. `rules.name` is the
  /// database's. `database` outlives this. The threads connect at once; until they have, requests
  /// wait.
  StoreThreads(const Database& database, StoreThreadRules rules, std::size_t threads = 0);
  /// Refuses the starts that wait, and records the ends while that works, for up to 2 s and the
  /// call that is under way. No participant is ended that nobody has ended: those who come back to
  /// the next process within `lost_instance_grace` find their meeting running.
  ~StoreThreads();
  StoreThreads(const StoreThreads&) = delete;
  StoreThreads& operator=(const StoreThreads&) = delete;

  /// Any thread. An empty `instance` is this process.
  void start(SessionStart start, StartReply reply);
  /// Any thread. An empty `instance` is this process; it can be another that has gone silent.
  /// Without a reply nobody is told. After a time without the store the answer comes when it is
  /// back.
  void end(SessionEnd end, EndReply reply);

  /// True while every thread has a store that answers.
  [[nodiscard]] bool is_up() const;
  /// What each thread counts.
  [[nodiscard]] std::vector<const StoreStats*> stats() const;

 private:
  StoreThread& thread_of(const RoomId& room) const;

  const StoreThreadRules rules_;
  StoreThreadCounts counts_;
  std::vector<std::unique_ptr<StoreThread>> threads_;
};

}  // namespace parley
