#pragma once
// MeetingRecord: the record of meetings as a room asks for it. It asks and goes on.

#include <string>

#include "base/ids.h"
#include "chat/bus.h"

namespace parley {

/// Any thread. What is asked of one room is done, and answered, in order; each answer is a note to
/// the room's home shard.
class MeetingRecord {
 public:
  /// Somebody wants to come in. Answered with a RecordedNote.
  virtual void start(const RoomName& room, ConnectionAt from, const Identity& who) = 0;
  /// He has left. `everywhere`: see SessionEnd. Answered with an EndedNote.
  virtual void end(const RoomName& room, const std::string& user_id, bool everywhere) = 0;

 protected:
  ~MeetingRecord() = default;
};

}  // namespace parley
