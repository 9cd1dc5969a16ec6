#pragma once
// Bus: what a ChatServer needs of the world outside its shard, and the notes that cross it.

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "chat/participant.h"
#include "chat/session_manager.h"
#include "chat/transit.h"

namespace parley {

using ShardIndex = std::uint16_t;
inline constexpr std::size_t shards_max = 64;
/// A set of shards, one bit each.
using ShardSet = std::uint64_t;

/// A room's name as it is handed around: shared, since every packet between shards carries it.
using RoomName = std::shared_ptr<const RoomId>;

/// Where a packet for a room goes: to these shards, and to other servers.
struct Reach {
  ShardSet shards = 0;
  bool elsewhere = false;
};

/// A connection and where it lives.
struct ConnectionAt {
  ShardIndex shard = 0;
  ConnectionId connection;
  friend bool operator==(ConnectionAt, ConnectionAt) = default;
};

// To the home shard of a room, which keeps its truth.

struct JoinNote {
  ConnectionAt from;
  Identity identity;
  std::optional<ResumeKey> resume;
};
/// The connection sent its first packet that is no RTT probe.
struct ActivateNote {
  RoomName room;
  ConnectionAt from;
};
/// The connection is gone; nothing of it comes after this.
struct GoneNote {
  RoomName room;
  ConnectionAt from;
};
/// A packet for one user's sessions other than `from`'s (or for everybody else, when the room has
/// no such user: clients may name users differently from how they joined), or for one session.
struct RouteNote {
  RoomName room;
  ConnectionId from;
  Packet packet;
  std::string user_id;
  SessionId session;
};

// From the record of meetings to the home shard.

/// Whether who wants to join could be recorded.
struct RecordedNote {
  RoomName room;
  ConnectionAt from;
  std::string user_id;
  Result<Started, SessionRefusal> answer;
};
/// What it meant that a user has left; `continues`, too, when that could not be recorded.
struct EndedNote {
  RoomName room;
  Ending ending = Ending::continues;
};

// From the home shard to the shards that have members of the room.

struct WelcomeNote {
  ConnectionId connection;
  Welcome welcome;
  Reach reach;
};
struct StandingNote {
  ConnectionId connection;
  Standing standing;
};
struct RemoveNote {
  ConnectionId connection;
  EndReason reason;
  std::string text;
};
/// Where the room has members now.
struct ReachNote {
  RoomName room;
  Reach reach;
};
/// A packet for everybody in the room but `except`, or for the connections `only`.
struct DeliverNote {
  RoomName room;
  Packet packet;
  ConnectionId except;
  std::vector<ConnectionId> only;
};

// From any shard to the one a packet came from.

/// Enough of what the connection had on its way has arrived: it may go on.
struct GoOnNote {
  ConnectionId connection;
};

using Note = std::variant<JoinNote, ActivateNote, GoneNote, RouteNote, RecordedNote, EndedNote,
                          WelcomeNote, StandingNote, RemoveNote, ReachNote, DeliverNote, GoOnNote>;

/// A participant's packet on its way to the members of a room on another shard.
struct RoomPacket {
  RoomName room;
  Packet packet;
  ConnectionAt from;
  std::shared_ptr<Transit> transit;  ///< its sender's; none when it came from another server
  bool is_first = false;             ///< nothing else of its sender was on the way
};

/// The other shards. Notes and packets from one shard to another arrive in the order they were
/// given, and whatever was given because of an event arrives before what the event's consequences
/// give (causal order).
class Bus {
 public:
  /// Never refused.
  virtual void tell(ShardIndex to, Note note) = 0;
  /// A participant's packet for the room's members on shard `to`. False if the way is full.
  [[nodiscard]] virtual bool offer(ShardIndex to, const RoomPacket& packet) = 0;
  [[nodiscard]] virtual ShardIndex shards() const = 0;

 protected:
  ~Bus() = default;
};

/// The shard that keeps the truth about `room`.
inline ShardIndex home_of(const RoomId& room, ShardIndex shards) {
  return static_cast<ShardIndex>(std::hash<RoomId>{}(room) % shards);
}

}  // namespace parley
