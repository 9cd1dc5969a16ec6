#pragma once
// What a WebSocket client writes: one masked frame at a time, from the relay's own codec.

#include <cstdint>
#include <vector>

#include "websocket/frame_encoder.h"

namespace parley::bench {

/// One whole frame (FIN set) with `payload` masked by `key`.
inline std::vector<std::uint8_t> client_frame(Opcode opcode, Bytes payload, MaskKey key) {
  std::vector<std::uint8_t> frame;
  append_masked_frame(frame, opcode, payload, key);
  return frame;
}

}  // namespace parley::bench
