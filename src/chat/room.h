#pragma once
// Room: the members of a room on one shard, and the loop that gives each of them a packet.

#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "chat/bus.h"
#include "chat/participant.h"

namespace parley {

/// What of a room's traffic a member is given. Observers get no MEDIA; a connection that waits to
/// take over a session gets the server's notices only.
enum class Interest : std::uint8_t { everything, no_media, notices };

class Room {
 public:
  explicit Room(RoomId name) : name_(std::make_shared<const RoomId>(std::move(name))) {}

  void add(ConnectionId connection, Participant& participant, Interest interest);
  void remove(ConnectionId connection);
  void set_interest(ConnectionId connection, Interest interest);

  /// Gives `packet` to every interested member but `except`.
  void fan_out(const Packet& packet, ConnectionId except, TimePoint now);
  void deliver_to(ConnectionId connection, const Packet& packet, TimePoint now);

  [[nodiscard]] const RoomName& name() const { return name_; }
  [[nodiscard]] bool empty() const { return members_.empty(); }
  [[nodiscard]] std::size_t size() const { return members_.size(); }

  /// Where else there are members, as the home last said.
  [[nodiscard]] Reach reach() const { return reach_; }
  void set_reach(Reach reach) { reach_ = reach; }

 private:
  struct Member {
    ConnectionId connection;
    Participant* participant;
    Interest interest;
  };
  std::vector<Member>::iterator find(ConnectionId connection);

  RoomName name_;
  std::vector<Member> members_;
  Reach reach_;
  bool walking_ = false;
};

}  // namespace parley
