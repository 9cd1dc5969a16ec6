#pragma once
// Packets as clients send them, for tests that look at their kind.

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::wt_test {

inline void append_number(std::string& to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}
inline void append_varint_field(std::string& to, int number, std::uint64_t value) {
  append_number(to, static_cast<std::uint64_t>(number) << 3);
  append_number(to, value);
}
inline void append_bytes_field(std::string& to, int number, std::string_view bytes) {
  append_number(to, static_cast<std::uint64_t>(number) << 3 | 2);
  append_number(to, bytes.size());
  to += bytes;
}

/// A PacketWrapper with this inner message.
inline std::string wrapper(int packet_type, std::string_view inner,
                           std::string_view user = "alice@example.com") {
  std::string packet;
  append_varint_field(packet, 1, static_cast<std::uint64_t>(packet_type));
  append_bytes_field(packet, 2, user);
  append_bytes_field(packet, 3, inner);
  return packet;
}

/// MEDIA of this media type with that many bytes of payload.
inline std::string media_packet(int media_type, std::size_t payload_bytes,
                                std::string_view frame_type = "delta") {
  std::string inner;
  append_varint_field(inner, 1, static_cast<std::uint64_t>(media_type));
  append_bytes_field(inner, 3, std::string(payload_bytes, 'p'));
  append_bytes_field(inner, 4, frame_type);
  return wrapper(3, inner);
}

inline std::string video_packet(std::size_t bytes) { return media_packet(1, bytes); }
inline std::string audio_packet(std::size_t bytes) { return media_packet(2, bytes); }
inline std::string screen_packet(std::size_t bytes) { return media_packet(3, bytes); }
/// MEDIA whose inner message is encrypted end to end.
inline std::string sealed_packet(std::size_t bytes) {
  return wrapper(3, std::string(bytes, '\xe7'));
}

}  // namespace parley::wt_test
