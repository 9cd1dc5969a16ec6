#include "bus/local_bus.h"

#include <utility>

namespace parley {

void LocalBus::tell(ShardIndex to, Note note) {
  if (ends_.empty()) return;
  Address(*ends_[to].shard, *ends_[to].server).tell(std::move(note));
}

bool LocalBus::offer(ShardIndex to, const RoomPacket& packet) {
  if (ends_.empty()) return false;
  const End end = ends_[to];
  const std::size_t bytes = packet.packet.size() + Transit::packet_bytes;
  return end.shard->offer([end, packet] { end.server->handle(packet, end.shard->now()); }, bytes,
                          packet.is_first);
}

}  // namespace parley
