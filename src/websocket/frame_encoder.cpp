#include "websocket/frame_encoder.h"

#include <algorithm>

#include "base/check.h"
#include "websocket/frame_mask.h"
#include "websocket/utf8.h"
#include "wire/frame_header.h"

namespace parley {
namespace {

constexpr std::uint8_t first_byte(Opcode opcode, Fragment fragment) {
  const auto low = static_cast<std::uint8_t>(opcode);
  return fragment == Fragment::last ? static_cast<std::uint8_t>(final_bit | low) : low;
}

/// The header of an unmasked frame.
struct Header {
  Header(Opcode opcode, Fragment fragment, std::size_t payload_bytes)
      : size(write_frame_header(room.data() + room.size(), first_byte(opcode, fragment),
                                payload_bytes)) {}

  [[nodiscard]] Bytes bytes() const { return Bytes(room).last(size); }

  std::array<std::uint8_t, frame_header_bytes_max> room;
  std::size_t size;
};

}  // namespace

ControlFrame::ControlFrame(Opcode opcode, Bytes payload)
    : size_(static_cast<std::uint8_t>(2 + payload.size())) {
  check(is_control(opcode), "a control frame with the opcode of a message");
  check(payload.size() <= control_payload_bytes_max, "a control frame above 125 bytes");
  bytes_[0] = first_byte(opcode, Fragment::last);
  bytes_[1] = static_cast<std::uint8_t>(payload.size());
  std::copy(payload.begin(), payload.end(), bytes_.begin() + 2);
}

ControlFrame ping_frame(Bytes payload) { return {Opcode::ping, payload}; }

ControlFrame pong_frame(Bytes payload) { return {Opcode::pong, payload}; }

ControlFrame close_frame(std::uint16_t code, std::string_view reason) {
  if (code == close_code::none_given) return {Opcode::close, {}};
  check(is_sendable_close_code(code), "a close code that must not be sent");
  const Bytes kept = as_bytes(utf8_prefix(reason, close_reason_bytes_max));
  std::array<std::uint8_t, control_payload_bytes_max> payload;
  payload[0] = static_cast<std::uint8_t>(code >> 8);
  payload[1] = static_cast<std::uint8_t>(code & 0xff);
  std::copy(kept.begin(), kept.end(), payload.begin() + 2);
  return {Opcode::close, {payload.data(), 2 + kept.size()}};
}

void append_frame(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload, Fragment fragment) {
  const Header header(opcode, fragment, payload.size());
  out.insert(out.end(), header.bytes().begin(), header.bytes().end());
  out.insert(out.end(), payload.begin(), payload.end());
}

std::size_t masked_frame_bytes(std::size_t payload_bytes) {
  const std::size_t length_bytes = payload_bytes <= 125 ? 0 : payload_bytes <= 0xffff ? 2 : 8;
  return 2 + length_bytes + MaskKey{}.size() + payload_bytes;
}

void write_masked_frame(MutableBytes out, Opcode opcode, Bytes payload, MaskKey key,
                        Fragment fragment) {
  const Header header(opcode, fragment, payload.size());
  check(out.size() == header.size + key.size() + payload.size(), "a frame of another size");
  std::uint8_t* to = std::copy_n(header.bytes().data(), header.size, out.data());
  out[1] |= mask_bit;
  to = std::copy(key.begin(), key.end(), to);
  copy_masked(to, payload, key, 0);
}

void append_masked_frame(std::vector<std::uint8_t>& out, Opcode opcode, Bytes payload, MaskKey key,
                         Fragment fragment) {
  const std::size_t start = out.size();
  out.resize(start + masked_frame_bytes(payload.size()));
  write_masked_frame(MutableBytes(out).subspan(start), opcode, payload, key, fragment);
}

}  // namespace parley
