#pragma once
// PacketTemplate: a packet of the public protocol, serialized and masked once and patched for every
// send, so that the client costs next to nothing beside the relay it measures.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/mark.h"
#include "websocket/frame_format.h"

namespace parley::bench {

/// The smallest PacketWrapper that has room for a mark beside the longest user name of the tool.
inline constexpr std::size_t wrapper_bytes_min = 128;

/// The key that masks WebSocket frames. Without one a packet stands bare, as the streams of
/// WebTransport carry it.
using PacketMask = std::optional<MaskKey>;

/// What a template says, apart from the mark.
struct PacketLook {
  std::string_view user_id;
  StreamKind stream = StreamKind::data;
  bool is_keyframe = false;
  /// Length of the serialized PacketWrapper; at least wrapper_bytes_min.
  std::size_t wrapper_bytes = wrapper_bytes_min;
};

/// PacketWrapper{MEDIA, user_id, MediaPacket{media_type, data, frame_type, timestamp,
/// audio_metadata.sequence or video_metadata.sequence and codec}}, in one masked binary frame or
/// bare.
class PacketTemplate {
 public:
  PacketTemplate(const PacketLook& look, const PacketMask& mask);

  /// Writes `mark`, its time and its stream sequence into the packet and returns it, valid until
  /// the next patch. Fills in `mark`'s wrapper_bytes, stream and is_keyframe itself.
  Bytes patch(Mark mark);

  [[nodiscard]] std::size_t wrapper_bytes() const { return wrapper_bytes_; }

 private:
  void overwrite(std::size_t payload_offset, Bytes bytes);

  std::vector<std::uint8_t> frame_;
  MaskKey key_{};  // all zero masks nothing
  std::size_t header_bytes_ = 0;
  std::size_t wrapper_bytes_ = 0;
  std::size_t mark_at_ = 0;
  std::size_t time_at_ = 0;
  std::size_t sequence_at_ = 0;
  StreamKind stream_;
  bool is_keyframe_;
};

/// MEDIA{HEARTBEAT} of `user_id`, framed like a template: what a silent participant sends to be
/// active and to stay alive.
std::vector<std::uint8_t> heartbeat_frame(std::string_view user_id, const PacketMask& mask);

}  // namespace parley::bench
