#pragma once
// Writing frames: the server's control frames, and whole frames of either side for tools and
// tests. The server's packets are framed where they are made (wire/packet.h).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "websocket/frame_format.h"

namespace parley {

/// One unmasked control frame, ready to be sent.
class ControlFrame {
 public:
  ControlFrame(Opcode opcode, Bytes payload);

  [[nodiscard]] Bytes bytes() const { return {bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, 2 + control_payload_bytes_max> bytes_;
  std::uint8_t size_;
};

/// `payload` is at most 125 bytes.
[[nodiscard]] ControlFrame ping_frame(Bytes payload = {});
/// Answers a ping: `payload` is the ping's own (RFC 6455 §5.5.3).
[[nodiscard]] ControlFrame pong_frame(Bytes payload);
/// `reason` is UTF-8 and is cut, between two code points, to the 123 bytes that fit. With the code
/// 1005 the frame is empty: the answer to a close frame that gave none.
[[nodiscard]] ControlFrame close_frame(std::uint16_t code, std::string_view reason = {});

enum class Fragment : bool { more_follow, last };

/// Appends one unmasked frame, as a server sends it.
void append_frame(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload,
                  Fragment fragment = Fragment::last);

/// How long the frame of write_masked_frame becomes.
[[nodiscard]] std::size_t masked_frame_bytes(std::size_t payload_bytes);

/// Writes one masked frame, as a client sends it, to `out`, whose size is exactly
/// masked_frame_bytes(payload.size()).
void write_masked_frame(MutableBytes out, Opcode opcode, Bytes payload, MaskKey key,
                        Fragment fragment = Fragment::last);

/// The same at the end of `out`.
void append_masked_frame(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload, MaskKey key,
                         Fragment fragment = Fragment::last);

}  // namespace parley
