#pragma once
// The numbers of the WebSocket framing (RFC 6455 §5.2, §5.5, §7.4), for both directions.

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley {

/// What a frame carries (RFC 6455 §5.2).
enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// True for frames that may stand between the fragments of a message (RFC 6455 §5.5).
constexpr bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 0x8; }

/// The four bytes a client hides its payload with, in the order they stand in the frame.
using MaskKey = std::array<std::uint8_t, 4>;

/// First byte of a frame: the last (or only) one of its message.
inline constexpr std::uint8_t final_bit = 0x80;
/// Second byte of a frame: a masking key follows the length.
inline constexpr std::uint8_t mask_bit = 0x80;

inline constexpr std::size_t control_payload_bytes_max = 125;
/// A close frame's reason is what its two bytes of code leave.
inline constexpr std::size_t close_reason_bytes_max = control_payload_bytes_max - 2;
/// Two bytes, eight of length, four of masking key.
inline constexpr std::size_t frame_header_bytes_max = 14;

/// Close codes the relay says or must know (RFC 6455 §7.4.1; 1012–1014 from IANA's registry).
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
/// Never on the wire: stands for "the peer gave no code".
inline constexpr std::uint16_t none_given = 1005;
inline constexpr std::uint16_t invalid_data = 1007;
inline constexpr std::uint16_t policy = 1008;
inline constexpr std::uint16_t too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
}  // namespace close_code

/// True for a close code that may stand in a frame: assigned ones, and 3000–4999, which belong to
/// libraries and applications (RFC 6455 §7.4.2).
constexpr bool is_sendable_close_code(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

}  // namespace parley
