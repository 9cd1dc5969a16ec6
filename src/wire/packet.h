#pragma once
// Packet: what participants send each other, as the relay carries it: shared bytes and the few
// facts read from them, once, when they came in.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace parley {

/// What a slow receiver may lose, from last to first. Control: meeting events, keys, keyframe
/// requests, heartbeats. Data: diagnostics, connection notes and unknown types.
enum class PacketClass : std::uint8_t { control, audio, data, video };
inline constexpr std::size_t packet_class_count = 4;
std::string_view name_of(PacketClass packet_class);

/// PacketWrapper.packet_type (docs/PROTOCOL.md). Values beyond these are legal and relayed.
enum class PacketType : std::uint8_t {
  unknown = 0,
  rsa_pub_key = 1,
  aes_key = 2,
  media = 3,
  connection = 4,
  diagnostics = 5,
  health = 6,
  meeting = 7,
  session_assigned = 8,
  congestion = 9,
  other = 255,
};

/// MediaPacket.media_type of a MEDIA packet whose inner message can be read.
enum class MediaType : std::uint8_t {
  unknown = 0,
  video = 1,
  audio = 2,
  screen = 3,
  heartbeat = 4,
  rtt = 5,
  keyframe_request = 6,
  other = 254,
  /// Not MEDIA, or MEDIA whose inner message cannot be read (end-to-end encryption).
  none = 255,
};

/// How a packet came. An RTT probe goes back the way it came; everything else goes on streams.
enum class Channel : std::uint8_t { stream, datagram };

/// What the relay needs to know of a packet to route it and, if it must, to drop it.
struct PacketFacts {
  SessionId sender;
  PacketType type = PacketType::unknown;
  MediaType media = MediaType::none;
  PacketClass packet_class = PacketClass::data;
  /// A video or screen frame that needs no earlier frame.
  bool is_keyframe = false;
  /// This sender's stream of this media type has shown a keyframe, so waiting for the next one
  /// after a loss makes sense.
  bool keyframes_seen = false;
  /// Said by the server itself.
  bool from_server = false;
  Channel channel = Channel::stream;
};

/// Bytes every packet keeps free in front of its own: an unmasked RFC 6455 frame header is at most
/// this long and is written there once, for all receivers.
inline constexpr std::size_t packet_headroom = 10;
/// Bytes that stamping a sender appends at most: one tag and a ten-byte varint.
inline constexpr std::size_t packet_stamp_bytes_max = 11;
/// The largest packet a client may send (the public clients' own limit).
inline constexpr std::size_t packet_bytes_max = 4'000'000;

/// A packet on its way: immutable, cheap to copy, readable from any thread.
class Packet {
 public:
  Packet() = default;

  /// Seals `builder`, whose first `packet_headroom` bytes are reserved and whose rest is a whole
  /// PacketWrapper; writes the frame header into the reserved bytes.
  static Packet seal(BufferBuilder builder, const PacketFacts& facts);

  /// The same for bytes that stand elsewhere (a copy).
  static Packet copy_of(Bytes wrapper, const PacketFacts& facts);

  [[nodiscard]] const PacketFacts& facts() const { return facts_; }
  /// The serialized PacketWrapper.
  [[nodiscard]] Bytes wrapper() const { return buffer_.bytes().subspan(packet_headroom); }
  /// The wrapper as one unmasked binary WebSocket frame (RFC 6455 §5.2).
  [[nodiscard]] Bytes frame() const { return buffer_.bytes().subspan(frame_start_); }
  [[nodiscard]] std::size_t size() const { return buffer_.size() - packet_headroom; }
  [[nodiscard]] bool empty() const { return buffer_.empty(); }

 private:
  Packet(Buffer buffer, const PacketFacts& facts, std::uint8_t frame_start)
      : buffer_(std::move(buffer)), facts_(facts), frame_start_(frame_start) {}

  Buffer buffer_;
  PacketFacts facts_;
  std::uint8_t frame_start_ = 0;
};

}  // namespace parley
