#pragma once
// For tests: packets as clients write them, and what a packet says as a line of text.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/envelope.h"
#include "wire/field_walker.h"
#include "wire/media.h"
#include "wire/packet.h"

namespace parley {

/// A time since the beginning of a test; not near the clock's own beginning.
inline TimePoint at(Duration since_start) { return TimePoint{} + 1h + since_start; }

/// Both clocks at a time of a test.
inline Now both_at(Duration since_start) {
  const auto millis = std::chrono::duration_cast<Millis>(since_start).count();
  return {at(since_start), {1'770'000'000'000u + static_cast<std::uint64_t>(millis)}};
}

/// Writes the fields of a protobuf message, one after the other.
class FieldWriter {
 public:
  FieldWriter& number(std::uint32_t field, std::uint64_t value) {
    append(field << 3);
    append(value);
    return *this;
  }
  FieldWriter& text(std::uint32_t field, std::string_view value) {
    append(field << 3 | 2);
    append(value.size());
    message_ += value;
    return *this;
  }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  void append(std::uint64_t varint) {
    for (; varint >= 0x80; varint >>= 7) message_ += static_cast<char>(varint | 0x80);
    message_ += static_cast<char>(varint);
  }

  std::string message_;
};

/// A PacketWrapper. `user_id` is whatever the client says.
inline std::string wrapper_of(PacketType type, std::string_view data,
                              std::string_view user_id = "someone") {
  return FieldWriter()
      .number(1, static_cast<std::uint64_t>(type))
      .text(2, user_id)
      .text(3, data)
      .message();
}

/// The same for MEDIA. `about` is the inner user: whose keyframe is wanted.
inline std::string media_wrapper(MediaType media, std::string_view frame_type = {},
                                 std::string_view user_id = "someone", std::size_t bytes = 20,
                                 std::string_view about = {}) {
  FieldWriter inner;
  inner.number(1, static_cast<std::uint64_t>(media));
  if (!about.empty()) inner.text(2, about);
  inner.text(3, std::string(bytes, 'x'));
  if (!frame_type.empty()) inner.text(4, frame_type);
  return wrapper_of(PacketType::media, inner.message(), user_id);
}

/// A wrapper as a transport hands it to SessionLogic: headroom before it, room for a stamp behind.
inline BufferBuilder message_of(std::string_view wrapper) {
  BufferBuilder builder(packet_headroom + wrapper.size() + packet_stamp_bytes_max);
  builder.extend(packet_headroom);
  builder.append(as_bytes(wrapper));
  return builder;
}

/// What a MEETING event says, and a packet as one line of text; for expectations.
class Reading {
 public:
  explicit Reading(const Packet& packet) {
    const auto envelope = walk_envelope(packet.wrapper());
    if (!envelope) {
      line_ = "malformed";
      return;
    }
    session = envelope->session_id;
    switch (envelope->type) {
      case PacketType::session_assigned:
        line_ = "assigned " + number(session);
        break;
      case PacketType::congestion:
        line_ = "congestion " + number(session) + " by " + std::string(as_text(envelope->user_id));
        break;
      case PacketType::meeting:
        read_meeting(envelope->data);
        break;
      case PacketType::media:
        read_media(*envelope);
        break;
      default:
        line_ = "type " + std::to_string(static_cast<int>(envelope->type)) + " from " +
                std::string(as_text(envelope->user_id));
    }
  }

  [[nodiscard]] const std::string& line() const { return line_; }

  SessionId session;
  std::uint64_t event = 0;  ///< of a MEETING: 1 started, 2 ended, 3 joined, 4 left
  std::uint64_t start = 0;
  std::string room, user, creator, display_name, text;

 private:
  /// Small numbers as they are; the server's own ids without their top bit.
  static std::string number(SessionId id) { return std::to_string(id.value & ~(1ull << 63)); }

  void read_meeting(Bytes message) {
    FieldWalker walker(message);
    for (Field field; walker.next(field);) {
      if (field.number == 1) event = field.varint;
      if (field.number == 2) room = as_text(field.bytes);
      if (field.number == 3) start = field.varint;
      if (field.number == 4) text = as_text(field.bytes);
      if (field.number == 5) creator = as_text(field.bytes);
      if (field.number == 7) user = as_text(field.bytes);
      if (field.number == 9) session = {field.varint};
      if (field.number == 10) display_name = as_text(field.bytes);
    }
    if (event == 1) line_ = "started " + std::to_string(start) + " by " + creator;
    if (event == 2) line_ = "ended: " + text;
    if (event == 3) line_ = "joined " + number(session) + " " + user;
    if (event == 4) line_ = "left " + number(session) + " " + user;
  }

  void read_media(const Envelope& envelope) {
    const auto media = walk_media(envelope.data);
    line_ = "media " + (media ? std::to_string(static_cast<int>(media->type)) : "sealed") +
            " from " + std::string(as_text(envelope.user_id));
  }

  std::string line_;
};

}  // namespace parley
