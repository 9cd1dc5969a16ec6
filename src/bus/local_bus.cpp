#include "bus/local_bus.h"

#include <utility>

namespace parley {

void LocalBus::tell(ShardIndex to, Note note) {
  Address(*ends_[to].shard, *ends_[to].server).tell(std::move(note));
}

bool LocalBus::offer(ShardIndex to, const RoomName& room, const Packet& packet) {
  return Address(*ends_[to].shard, *ends_[to].server)
      .offer(RoomPacket{room, packet}, packet.size());
}

}  // namespace parley
