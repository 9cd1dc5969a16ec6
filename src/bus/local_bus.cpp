#include "bus/local_bus.h"

#include <utility>

namespace parley {

void LocalBus::tell(ShardIndex to, Note note) {
  if (ends_.empty()) return;
  Address(*ends_[to].shard, *ends_[to].server).tell(std::move(note));
}

bool LocalBus::offer(ShardIndex to, const RoomName& room, const Packet& packet) {
  if (ends_.empty()) return false;
  return Address(*ends_[to].shard, *ends_[to].server)
      .offer(RoomPacket{room, packet}, packet.size());
}

}  // namespace parley
