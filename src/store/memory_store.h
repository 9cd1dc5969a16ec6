#pragma once
// MemoryStore: the record of the running meetings, for as long as the process lives.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat/session_store.h"
#include "store/meeting_rules.h"

namespace parley {

/// Keeps no more than there is in the rooms: a meeting that has ended is forgotten. Never fails.
class MemoryStore final : public SessionStore {
 public:
  [[nodiscard]] StoreResult<Started> start(const SessionStart& start) override;
  [[nodiscard]] StoreResult<Ended> end(const SessionEnd& end) override;
  [[nodiscard]] StoreResult<void> withdraw(const SessionStart& start) override;
  /// Nothing: processes whose end matters here are those that hold this very record.
  [[nodiscard]] StoreResult<void> renew(const std::string&, UnixMillis) override { return {}; }

  /// The running meeting in `room`, if there is one.
  [[nodiscard]] std::optional<RoomRows::Meeting> meeting(const RoomId& room) const;
  /// Who is in `room`, by name.
  [[nodiscard]] std::vector<std::string> present(const RoomId& room) const;

 private:
  struct Room {
    std::optional<RoomRows::Meeting> meeting;
    std::set<std::string, std::less<>> present;
    std::map<std::pair<std::string, std::string>, UnixMillis> held_since;  ///< by user and instance
    std::set<std::string, std::less<>> hosts;
  };
  class Rows;

  template <class Rule>
  auto in_room(const RoomId& room, Rule rule);

  std::unordered_map<RoomId, Room> rooms_;
};

}  // namespace parley
