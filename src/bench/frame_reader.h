#pragma once
// FrameReader: takes apart what a WebSocket server sends (RFC 6455 §5), in place and as it comes.
// Of a message only the first bytes are ever needed, so nothing longer than that is kept between
// reads.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "bench/packet_head.h"
#include "websocket/frame_format.h"
#include "wire/frame_header.h"

namespace parley::bench {

/// Reads one connection's frames. Feed it every byte in order; it tells a handler:
///   on_message(Bytes head, std::size_t size)  a whole binary message and its first bytes
///   on_control(Opcode, Bytes)                 ping, pong or close with its whole payload
/// The views are valid during the call only.
class FrameReader {
 public:
  /// False when the server broke the protocol; `fault()` then says how. Feed nothing afterwards.
  template <class Handler>
  bool feed(Bytes bytes, Handler& handler) {
    while (!bytes.empty()) {
      if (!in_frame_ && header_size_ == 0 && take_whole_frame(bytes, handler)) continue;
      if (fault_ != nullptr) return false;
      if (!in_frame_) {
        if (!take_header(bytes)) return fault_ == nullptr;
      }
      take_payload(bytes);
      if (frame_left_ == 0 && !end_frame(handler)) return false;
    }
    return true;
  }

  [[nodiscard]] const char* fault() const { return fault_; }

 private:
  static constexpr std::uint8_t reserved_bits = 0x70;
  static constexpr std::uint8_t opcode_bits = 0x0F;
  static constexpr std::size_t header_bytes_max = 10;

  /// The way nearly every frame goes: unfragmented, binary, whole within `bytes`.
  template <class Handler>
  bool take_whole_frame(Bytes& bytes, Handler& handler) {
    if (in_message_ || bytes.size() < 2 || bytes[0] != final_binary_frame) return false;
    const std::size_t header = header_bytes(bytes[1]);
    if (bytes[1] > 127 || bytes.size() < header) return false;
    const std::uint64_t length = payload_length(bytes);
    if (bytes.size() - header < length) return false;
    const auto size = static_cast<std::size_t>(length);
    handler.on_message(bytes.subspan(header, std::min(size, packet_head_bytes)), size);
    bytes = bytes.subspan(header + size);
    return true;
  }

  /// Collects the header of a frame; true when it is complete and legal.
  bool take_header(Bytes& bytes) {
    while (!bytes.empty()) {
      header_[header_size_++] = bytes.front();
      bytes = bytes.subspan(1);
      if (header_size_ >= 2 && header_size_ == header_bytes(header_[1])) return begin_frame();
    }
    return false;
  }

  bool begin_frame() {
    opcode_ = Opcode{static_cast<std::uint8_t>(header_[0] & opcode_bits)};
    is_final_ = (header_[0] & final_bit) != 0;
    frame_left_ = payload_length(header_);
    header_size_ = 0;
    in_frame_ = true;
    if ((header_[0] & reserved_bits) != 0) return fail("reserved bits are set");
    if ((header_[1] & mask_bit) != 0) return fail("a frame of the server is masked");
    if (is_control(opcode_)) {
      control_size_ = 0;
      if (!is_final_ || frame_left_ > control_payload_bytes_max) return fail("a bad control frame");
      if (opcode_ > Opcode::pong) return fail("an unknown opcode");
      return true;
    }
    if (opcode_ > Opcode::binary) return fail("an unknown opcode");
    if ((opcode_ == Opcode::continuation) != in_message_) return fail("fragments out of order");
    if (!in_message_) {
      in_message_ = true;
      is_text_ = opcode_ == Opcode::text;
      head_size_ = 0;
      message_size_ = 0;
    }
    return true;
  }

  void take_payload(Bytes& bytes) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, bytes.size()));
    const Bytes part = bytes.first(count);
    if (is_control(opcode_)) {
      std::copy(part.begin(), part.end(), control_.begin() + control_size_);
      control_size_ += count;
    } else {
      const std::size_t kept = std::min(count, head_.size() - head_size_);
      std::copy_n(part.begin(), kept, head_.begin() + head_size_);
      head_size_ += kept;
      message_size_ += count;
    }
    frame_left_ -= count;
    bytes = bytes.subspan(count);
  }

  template <class Handler>
  bool end_frame(Handler& handler) {
    in_frame_ = false;
    if (is_control(opcode_)) {
      handler.on_control(opcode_, Bytes(control_).first(control_size_));
      return true;
    }
    if (!is_final_) return true;
    in_message_ = false;
    // The protocol is binary; a text message of a foreign relay is no packet.
    if (!is_text_) handler.on_message(Bytes(head_).first(head_size_), message_size_);
    return true;
  }

  static std::size_t header_bytes(std::uint8_t second) {
    const unsigned length = second & 0x7F;
    return length < 126 ? 2 : length == 126 ? 4 : 10;
  }

  static std::uint64_t payload_length(Bytes header) {
    const unsigned length = header[1] & 0x7F;
    if (length < 126) return length;
    if (length == 126) return std::uint64_t{header[2]} << 8 | header[3];
    std::uint64_t value = 0;
    for (std::size_t i = 2; i < 10; ++i) value = value << 8 | header[i];
    return value;
  }

  bool fail(const char* fault) {
    fault_ = fault;
    return false;
  }

  const char* fault_ = nullptr;
  bool in_frame_ = false;
  bool in_message_ = false;
  bool is_final_ = false;
  bool is_text_ = false;
  Opcode opcode_ = Opcode::continuation;
  std::size_t header_size_ = 0;
  std::size_t control_size_ = 0;
  std::size_t head_size_ = 0;
  std::size_t message_size_ = 0;
  std::uint64_t frame_left_ = 0;
  std::array<std::uint8_t, header_bytes_max> header_{};
  std::array<std::uint8_t, control_payload_bytes_max> control_{};
  std::array<std::uint8_t, packet_head_bytes> head_{};
};

}  // namespace parley::bench
