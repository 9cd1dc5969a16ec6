#pragma once
// Fleet: what a ChatServer needs of the other servers, and what comes from them.

#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "chat/bus.h"
#include "chat/packet_handler.h"
#include "chat/presence.h"
#include "chat/transit.h"
#include "wire/fleet_message.h"

namespace parley {

/// A packet that another server gave to a room.
struct FleetPacket {
  RoomName room;
  BufferBuilder message;  ///< as SessionLogic::on_message takes it
  Verdict verdict;        ///< of its bytes
  /// Said by a server, not by a participant.
  bool is_notice = false;
};

/// What another server says about a room.
struct FleetSaying {
  RoomName room;
  FleetMessage message;
};

inline Presence presence_of(FleetState state) {
  switch (state) {
    case FleetState::testing:
      return Presence::testing;
    case FleetState::departing:
      return Presence::departing;
    case FleetState::active:
      break;
  }
  return Presence::active;
}

inline FleetState state_of(Presence presence) {
  switch (presence) {
    case Presence::testing:
      return FleetState::testing;
    case Presence::departing:
      return FleetState::departing;
    case Presence::active:
      break;
  }
  return FleetState::active;
}

/// The other servers, through a bus that may be slow or away: nothing here blocks, and what cannot
/// be sent is dropped and counted there. Any thread. What one thread gives arrives in its order.
class Fleet {
 public:
  /// This process.
  [[nodiscard]] virtual InstanceId self() const = 0;
  /// False while nobody could hear us.
  [[nodiscard]] virtual bool connected() const = 0;
  /// Packets go out whether or not anybody is known to want them.
  [[nodiscard]] virtual bool publishes_always() const = 0;

  /// The room has members here from now on: what is said in it comes to its home shard.
  virtual void enter(const RoomName& room) = 0;
  virtual void leave(const RoomName& room) = 0;
  /// For the servers that speak our language.
  virtual void say(const RoomName& room, fleet::What what) = 0;
  /// For all members elsewhere. `transit` counts what its sender has on the way, so that a flood
  /// drives out nobody else's packets; null if a server says it. False if it was dropped.
  virtual bool publish(const RoomName& room, const Packet& packet,
                       const std::shared_ptr<Transit>& transit) = 0;

 protected:
  ~Fleet() = default;
};

}  // namespace parley
