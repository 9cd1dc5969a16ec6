#include "bench/client_frame.h"

namespace parley::bench {

std::size_t client_frame_header_bytes(std::size_t payload_bytes) {
  if (payload_bytes < 126) return 6;
  return payload_bytes <= 0xFFFF ? 8 : 14;
}

std::vector<std::uint8_t> client_frame(std::uint8_t opcode, Bytes payload, MaskKey key) {
  constexpr std::uint8_t fin = 0x80;
  constexpr std::uint8_t masked = 0x80;
  std::vector<std::uint8_t> frame;
  frame.reserve(client_frame_header_bytes(payload.size()) + payload.size());
  frame.push_back(static_cast<std::uint8_t>(fin | opcode));
  const auto push_length = [&frame, &payload](unsigned bytes) {
    for (unsigned shift = bytes * 8; shift != 0; shift -= 8)
      frame.push_back(static_cast<std::uint8_t>(payload.size() >> (shift - 8)));
  };
  if (payload.size() < 126) {
    frame.push_back(static_cast<std::uint8_t>(masked | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    frame.push_back(masked | 126);
    push_length(2);
  } else {
    frame.push_back(masked | 127);
    push_length(8);
  }
  frame.insert(frame.end(), key.begin(), key.end());
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<std::uint8_t>(payload[i] ^ key[i % 4]));
  return frame;
}

}  // namespace parley::bench
