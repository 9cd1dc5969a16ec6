#pragma once
// RoomRecord: what one room has with the record of meetings: who waits for its answer, and of whom
// it is to be told that he has left.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "chat/bus.h"
#include "chat/meeting_record.h"

namespace parley {

class RoomRecord {
 public:
  /// The users who are in a room.
  using Users = std::unordered_set<std::string_view>;

  RoomRecord(RoomName room, MeetingRecord& record) : room_(std::move(room)), record_(record) {}

  /// Asks to let `note` in.
  void ask(const JoinNote& note);
  /// The answer has come: who may go on with it; nothing if he has gone meanwhile.
  std::optional<JoinNote> answered(const RecordedNote& note);
  /// Who waits there has gone.
  void forget(ConnectionAt from);

  /// What the record said last of the meeting that runs; nothing before it said anything.
  [[nodiscard]] const std::optional<Started>& meeting() const { return meeting_; }

  /// His server is silent: it is up to this one to say that he has left.
  void inherit(const std::string& user_id) { held_.insert(user_id); }
  /// Says it of everybody who is neither here nor waits. `everywhere`: see SessionEnd.
  void settle(Users here, bool everywhere);
  /// The room is given up here; who is left of it is elsewhere.
  void release();

  /// A user's leaving is written; see Ended.
  void end_written(Ending ending);
  /// The meeting is over. When another server says so, those who were brought in here are still
  /// told of when they go: it may be wrong, and to say it again does no harm.
  void end_meeting() { meeting_.reset(); }
  /// True while the record has not answered all it was asked.
  [[nodiscard]] bool is_busy() const { return starts_asked_ > 0 || ends_asked_ > 0; }

 private:
  RoomName room_;
  MeetingRecord& record_;
  std::vector<JoinNote> waiting_;         ///< connections, which have their bound
  std::unordered_set<std::string> held_;  ///< whom this process has brought in
  std::optional<Started> meeting_;
  std::size_t starts_asked_ = 0, ends_asked_ = 0;
};

}  // namespace parley
