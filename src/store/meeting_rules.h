#pragma once
// The rules of the record (chat/session_store.h), once for all stores: what a start and an end do
// to the rows of their room.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "chat/session_store.h"

namespace parley {

/// The rows of one room, within one transaction. Nothing here fails: after an error everything
/// answers "nothing there" and writes nothing, and who began the transaction finds it out.
class RoomRows {
 public:
  struct Meeting {
    UnixMillis started_at;
    std::optional<UnixMillis> ended_at;
    std::string creator_id;
  };
  /// Those who came to the running meeting with a host's token.
  struct Hosts {
    std::uint64_t all = 0;
    std::uint64_t present = 0;
    bool include_user = false;
  };

  RoomRows() = default;
  RoomRows(const RoomRows&) = delete;
  RoomRows& operator=(const RoomRows&) = delete;

  /// Marks the user as present, whether he was or not, and as held by `instance`.
  virtual void enter(std::string_view user, std::string_view instance, UnixMillis now) = 0;
  /// How many are present.
  virtual std::uint64_t present() = 0;
  virtual std::optional<Meeting> meeting() = 0;
  /// A new meeting, or the old one again, without hosts.
  virtual void begin_meeting(std::string_view creator, UnixMillis now) = 0;
  virtual void end_meeting(UnixMillis now) = 0;
  virtual void add_host(std::string_view user) = 0;
  virtual Hosts hosts(std::string_view user) = 0;

  /// `instance` does not hold the user any more.
  virtual void release(std::string_view user, std::string_view instance) = 0;
  /// Nobody does.
  virtual void release_everywhere(std::string_view user) = 0;
  /// True if `instance` has held the user exactly since then; now it does not.
  virtual bool release_if_since(std::string_view user, std::string_view instance,
                                UnixMillis since) = 0;
  /// True if he was present and nobody holds him: now he has left.
  virtual bool leave_if_released(std::string_view user, UnixMillis now) = 0;
  /// Everybody has left, and is held by nobody.
  virtual void leave_all(UnixMillis now) = 0;

 protected:
  ~RoomRows() = default;
};

[[nodiscard]] Started start_session(RoomRows& rows, const SessionStart& start);
[[nodiscard]] Ended end_session(RoomRows& rows, const SessionEnd& end);
void withdraw_session(RoomRows& rows, const SessionStart& start);

}  // namespace parley
