#pragma once
// Mark: what the load tool writes into the data of every packet it sends, so that whoever receives
// it knows from whom, which one, and how long it took.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace parley::bench {

/// The independent sequences of one sender. `data` stands for the plain streams of `pairs` and
/// `broadcast`, which look like video without keyframes to a relay.
enum class StreamKind : std::uint8_t { audio, video, data };
inline constexpr std::size_t stream_kind_count = 3;
const char* name_of(StreamKind kind);

/// The first bytes of MediaPacket.data. Little-endian, fixed width, so that it is patched in place.
struct Mark {
  /// Which run of the tool this is: packets of another run are not counted.
  std::uint32_t run = 0;
  /// Number of the sender among all connections of the run.
  std::uint32_t sender = 0;
  /// Counts the packets of this sender, whatever their stream.
  std::uint32_t sequence = 0;
  /// Counts the packets of this sender and stream.
  std::uint32_t stream_sequence = 0;
  /// The length of the whole PacketWrapper as sent, before any stamp.
  std::uint32_t wrapper_bytes = 0;
  StreamKind stream = StreamKind::data;
  bool is_keyframe = false;
  /// The phase of the run in which the packet was sent; phase 0 is the warm-up.
  std::uint8_t phase = 0;
  TimePoint sent_at{};
};

inline constexpr std::size_t mark_bytes = 36;

std::array<std::uint8_t, mark_bytes> encode(const Mark& mark);

/// Nothing when `bytes` does not begin with a mark.
std::optional<Mark> decode_mark(Bytes bytes);

}  // namespace parley::bench
