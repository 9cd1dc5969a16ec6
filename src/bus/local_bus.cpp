#include "bus/local_bus.h"

#include <utility>

namespace parley {

void LocalBus::tell(ShardIndex to, Note note) {
  if (ends_.empty()) return;
  Address(*ends_[to].shard, *ends_[to].server).tell(std::move(note));
}

bool LocalBus::offer(ShardIndex to, const RoomName& room, const Packet& packet,
                     const std::shared_ptr<InFlight>& in_flight) {
  if (ends_.empty()) return false;
  const End end = ends_[to];
  const std::size_t bytes = packet.size() + Mailbox::media_task_bytes;
  const std::size_t before = in_flight->fetch_add(bytes, std::memory_order_relaxed);
  const bool taken = end.shard->offer(
      [end, arrived = RoomPacket{room, packet}, in_flight] {
        end.server->handle(arrived, end.shard->now());
        in_flight->fetch_sub(arrived.packet.size() + Mailbox::media_task_bytes,
                             std::memory_order_relaxed);
      },
      packet.size(), before);
  if (!taken) in_flight->fetch_sub(bytes, std::memory_order_relaxed);
  return taken;
}

}  // namespace parley
