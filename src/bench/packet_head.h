#pragma once
// The beginning of a received packet, read where it lies: enough to know what it is and to find the
// mark. Nothing is copied and the rest of the packet is not looked at.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "bench/mark.h"

namespace parley::bench {

/// As many bytes of a message as `read_packet_head` ever needs.
inline constexpr std::size_t packet_head_bytes = 256;

struct PacketHead {
  std::uint64_t packet_type = 0;
  /// Present when the packet was sent by this tool.
  std::optional<Mark> mark;
};

/// Reads the first bytes of a serialized PacketWrapper; `head` may end anywhere in it.
PacketHead read_packet_head(Bytes head);

}  // namespace parley::bench
