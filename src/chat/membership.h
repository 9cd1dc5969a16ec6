#pragma once
// Membership: what a session sees of its room. Leaving is its destructor.

#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "chat/participant.h"

namespace parley {

class ChatServer;

/// One connection's place in a room, from asking to join until it leaves. On the shard's thread.
class Membership {
 public:
  Membership() = default;
  Membership(ChatServer& server, ConnectionId connection)
      : server_(&server), connection_(connection) {}
  Membership(Membership&& other) noexcept;
  Membership& operator=(Membership&& other) noexcept;
  /// Leaves at the time of the room's last event, if nobody has called leave() before.
  ~Membership();

  /// Asks the room to count this connection's first packet. The answer is on_standing(active),
  /// perhaps from within this call.
  void activate(Now now);

  // Only for an active connection:

  /// Gives the packet to everybody else in the room, here and on other shards. False if so much
  /// is on its way that the session must pause until on_go_on().
  [[nodiscard]] bool publish(const Packet& packet, Now now);
  /// Gives a keyframe request to the sessions of the user it names, or to everybody else when the
  /// room has no such user.
  void request_keyframe(const Packet& packet, std::string_view user_id, Now now);

  /// Tells `sender`, wherever in the room he is, that this client loses his packets.
  void tell_congestion(SessionId sender, const Packet& notice, Now now);

  /// Leaves the room; the connection is forgotten. Harmless when it has left.
  void leave(Now now);

 private:
  ChatServer* server_ = nullptr;
  ConnectionId connection_;
};

}  // namespace parley
