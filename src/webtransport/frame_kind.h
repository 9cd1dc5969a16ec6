#pragma once
// FrameKind: which packets of one sender keep their order among each other.

#include <cstdint>

#include "base/bytes.h"

namespace parley {

enum class FrameKind : std::uint8_t {
  unknown,  ///< too little of the packet is there
  video,
  screen,
  sealed,  ///< a frame of video or screen, encrypted end to end: only its size shows
  other,   ///< everything whose order does not matter
};

/// The kind of a whole PacketWrapper.
[[nodiscard]] FrameKind frame_kind_of(Bytes wrapper);

/// The kind of a PacketWrapper of which the first bytes have come: a guess where fields stand in
/// another order than everybody writes them.
[[nodiscard]] FrameKind peek_frame_kind(Bytes beginning);

}  // namespace parley
