#pragma once
// For tests: a record of meetings that answers when it is told to, what it is told.

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "chat/meeting_record.h"
#include "chat/testing/server_world.h"

namespace parley {

/// What it was asked, as lines: "start alice", "start alice host", "end alice", "end alice here".
class HeldRecord final : public MeetingRecord {
 public:
  void start(const RoomName& room, ConnectionAt from, const Identity& who) override {
    asked.push_back("start " + who.user_id + (who.is_host ? " host" : ""));
    starts_.push_back({room, from, who.user_id});
  }
  void end(const RoomName& room, const std::string& user_id, bool everywhere) override {
    asked.push_back("end " + user_id + (everywhere ? "" : " here"));
    ends_.push_back(room);
  }

  /// Answers the oldest start: the meeting that runs began then, by him.
  void take(ServerWorld& world, std::uint64_t started_at, std::string creator) {
    answer(world, Started{false, {started_at}, std::move(creator)});
  }
  void refuse(ServerWorld& world, std::string reason) {
    answer(world, tl::unexpected(SessionRefusal{std::move(reason), std::nullopt}));
  }
  void fail(ServerWorld& world) {
    answer(world, tl::unexpected(SessionRefusal{store_unavailable, StoreError{.message = "away"}}));
  }
  /// Answers the oldest end.
  void ended(ServerWorld& world, Ending ending) {
    const RoomName room = std::exchange(ends_.front(), nullptr);
    ends_.pop_front();
    hand(world, EndedNote{room, ending});
  }

  Lines asked_since() { return std::exchange(asked, {}); }

  Lines asked;

 private:
  struct Start {
    RoomName room;
    ConnectionAt from;
    std::string user_id;
  };

  void answer(ServerWorld& world, Result<Started, SessionRefusal> answer) {
    const Start start = starts_.front();
    starts_.pop_front();
    hand(world, RecordedNote{start.room, start.from, start.user_id, std::move(answer)});
  }
  template <class Answer>
  static void hand(ServerWorld& world, Answer answer) {
    const ShardIndex home = home_of(*answer.room, world.bus.shards());
    world.bus.tell(home, std::move(answer));
    world.deliver();
  }

  std::deque<Start> starts_;
  std::deque<RoomName> ends_;
};

}  // namespace parley
