#pragma once
// MeetingRecorder: the store as the rooms ask for it, on whichever shards they are.

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "chat/meeting_record.h"
#include "stats/metrics.h"
#include "store/database.h"
#include "store/store_threads.h"

namespace parley {

/// One for the process.
class MeetingRecorder final : public MeetingRecord {
 public:
  /// `instance` names this process among those that share the record; `connections`: see
  /// StoreThreads. Answers go through `bus`, which outlives this.
  MeetingRecorder(std::unique_ptr<Database> database, std::string instance, std::size_t connections,
                  Bus& bus);

  void start(const RoomName& room, ConnectionAt from, const Identity& who) override;
  void end(const RoomName& room, const std::string& user_id, bool everywhere) override;

  /// The process ends, and its clients come back, to it or to another: from now on nobody is said
  /// to have left. Any thread.
  void let_go() { is_let_go_.store(true, std::memory_order_relaxed); }
  /// Records what is still to be recorded, for up to 2 s, and answers nothing any more. Once no
  /// shard runs: sessions that end afterwards may still ask.
  void stop() { threads_.reset(); }

  /// The database, for people.
  [[nodiscard]] std::string name() const { return database_->name(); }
  /// What it counts, for /metrics; until stop().
  [[nodiscard]] std::vector<NamedCell> cells() const;

 private:
  template <class Answer>
  void reply(Answer answer);

  const std::unique_ptr<Database> database_;
  Bus& bus_;
  std::atomic<bool> is_let_go_{false};
  std::unique_ptr<StoreThreads> threads_;  ///< null once it has stopped
};

}  // namespace parley
