#pragma once
// What a WebSocket client writes: masked frames (RFC 6455 §5.3).

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace parley::bench {

using MaskKey = std::array<std::uint8_t, 4>;

inline constexpr std::uint8_t opcode_continuation = 0x0;
inline constexpr std::uint8_t opcode_text = 0x1;
inline constexpr std::uint8_t opcode_binary = 0x2;
inline constexpr std::uint8_t opcode_close = 0x8;
inline constexpr std::uint8_t opcode_ping = 0x9;
inline constexpr std::uint8_t opcode_pong = 0xA;

/// One whole frame (FIN set) with `payload` masked by `key`.
std::vector<std::uint8_t> client_frame(std::uint8_t opcode, Bytes payload, MaskKey key);

/// How many bytes stand before the payload of a client's frame.
std::size_t client_frame_header_bytes(std::size_t payload_bytes);

}  // namespace parley::bench
