#include "bench/packet_template.h"

#include <array>
#include <bit>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "bench/client_frame.h"

namespace parley::bench {
namespace {

// Sequence numbers start here so that their varint is always four bytes long and can be patched in
// place (up to 2^28, more than 200 million packets later).
constexpr std::uint32_t sequence_base = 1U << 21;

// Tags of the fields used: (number << 3) | wire type (0 varint, 1 eight bytes, 2 length-delimited).
constexpr std::uint8_t wrapper_packet_type = 0x08;
constexpr std::uint8_t wrapper_user_id = 0x12;
constexpr std::uint8_t wrapper_data = 0x1A;
constexpr std::uint8_t media_media_type = 0x08;
constexpr std::uint8_t media_data = 0x1A;
constexpr std::uint8_t media_frame_type = 0x22;
constexpr std::uint8_t media_timestamp = 0x29;
constexpr std::uint8_t media_audio_metadata = 0x3A;
constexpr std::uint8_t media_video_metadata = 0x42;
constexpr std::uint8_t media_heartbeat_metadata = 0x4A;
constexpr std::uint8_t audio_sequence = 0x28;
constexpr std::uint8_t video_sequence = 0x08;
constexpr std::uint8_t video_codec = 0x10;

constexpr std::uint8_t packet_type_media = 3;
constexpr std::uint8_t media_type_video = 1;
constexpr std::uint8_t media_type_audio = 2;
constexpr std::uint8_t media_type_heartbeat = 4;
constexpr std::uint8_t codec_vp9 = 2;

void put_varint(std::vector<std::uint8_t>& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put_text(std::vector<std::uint8_t>& out, std::uint8_t tag, std::string_view text) {
  out.push_back(tag);
  put_varint(out, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

std::array<std::uint8_t, 4> four_byte_varint(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value | 0x80), static_cast<std::uint8_t>(value >> 7 | 0x80),
          static_cast<std::uint8_t>(value >> 14 | 0x80),
          static_cast<std::uint8_t>(value >> 21 & 0x7F)};
}

std::array<std::uint8_t, 8> little_endian(double value) {
  return std::bit_cast<std::array<std::uint8_t, 8>>(value);
}

double unix_millis_as_double() { return static_cast<double>(unix_now().count); }

/// One serialized wrapper and where its patchable fields stand.
struct Serialized {
  std::vector<std::uint8_t> wrapper;
  std::size_t mark_at = 0;
  std::size_t time_at = 0;
  std::size_t sequence_at = 0;
};

Serialized serialize(const PacketLook& look, std::size_t data_bytes) {
  const bool is_audio = look.stream == StreamKind::audio;
  std::vector<std::uint8_t> media = {media_media_type,
                                     is_audio ? media_type_audio : media_type_video, media_data};
  put_varint(media, data_bytes);
  const std::size_t mark_in_media = media.size();
  // Not all zero: nothing on the way shall profit from a payload that compresses to nothing.
  for (std::size_t i = 0; i < data_bytes; ++i)
    media.push_back(static_cast<std::uint8_t>(i * 37 + 11));
  put_text(media, media_frame_type, is_audio || look.is_keyframe ? "key" : "delta");
  media.push_back(media_timestamp);
  const std::size_t time_in_media = media.size();
  media.insert(media.end(), 8, 0);
  const auto sequence = four_byte_varint(sequence_base);
  std::size_t sequence_in_media = 0;
  if (is_audio) {
    media.insert(media.end(), {media_audio_metadata, 5, audio_sequence});
    sequence_in_media = media.size();
    media.insert(media.end(), sequence.begin(), sequence.end());
  } else {
    media.insert(media.end(), {media_video_metadata, 7, video_sequence});
    sequence_in_media = media.size();
    media.insert(media.end(), sequence.begin(), sequence.end());
    media.insert(media.end(), {video_codec, codec_vp9});
  }

  Serialized result;
  result.wrapper = {wrapper_packet_type, packet_type_media};
  put_text(result.wrapper, wrapper_user_id, look.user_id);
  put_text(result.wrapper, wrapper_data, as_text(media));
  const std::size_t media_at = result.wrapper.size() - media.size();
  result.mark_at = media_at + mark_in_media;
  result.time_at = media_at + time_in_media;
  result.sequence_at = media_at + sequence_in_media;
  return result;
}

/// A wrapper of `look.wrapper_bytes`, or one byte less where a length prefix just grew.
Serialized serialize_to_size(const PacketLook& look) {
  check(look.wrapper_bytes >= wrapper_bytes_min, "a packet is too small for its mark");
  const std::size_t overhead = serialize(look, mark_bytes).wrapper.size() - mark_bytes;
  std::size_t data_bytes = look.wrapper_bytes - overhead;
  Serialized serialized = serialize(look, data_bytes);
  while (serialized.wrapper.size() > look.wrapper_bytes) serialized = serialize(look, --data_bytes);
  return serialized;
}

std::vector<std::uint8_t> framed(std::vector<std::uint8_t> wrapper, const PacketMask& mask) {
  return mask ? client_frame(Opcode::binary, wrapper, *mask) : std::move(wrapper);
}

}  // namespace

PacketTemplate::PacketTemplate(const PacketLook& look, const PacketMask& mask)
    : key_(mask.value_or(MaskKey{})), stream_(look.stream), is_keyframe_(look.is_keyframe) {
  Serialized serialized = serialize_to_size(look);
  wrapper_bytes_ = serialized.wrapper.size();
  mark_at_ = serialized.mark_at;
  time_at_ = serialized.time_at;
  sequence_at_ = serialized.sequence_at;
  frame_ = framed(std::move(serialized.wrapper), mask);
  header_bytes_ = frame_.size() - wrapper_bytes_;
}

Bytes PacketTemplate::patch(Mark mark) {
  mark.wrapper_bytes = static_cast<std::uint32_t>(wrapper_bytes_);
  mark.stream = stream_;
  mark.is_keyframe = is_keyframe_;
  overwrite(mark_at_, encode(mark));
  overwrite(sequence_at_, four_byte_varint(sequence_base + mark.stream_sequence));
  // Browsers put Unix milliseconds on audio and WebCodecs microseconds on video.
  const auto since_boot =
      std::chrono::duration<double, std::micro>(mark.sent_at.time_since_epoch());
  overwrite(time_at_, little_endian(stream_ == StreamKind::audio ? unix_millis_as_double()
                                                                 : since_boot.count()));
  return frame_;
}

void PacketTemplate::overwrite(std::size_t payload_offset, Bytes bytes) {
  std::uint8_t* at = frame_.data() + header_bytes_ + payload_offset;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    at[i] = static_cast<std::uint8_t>(bytes[i] ^ key_[(payload_offset + i) % 4]);
}

std::vector<std::uint8_t> heartbeat_frame(std::string_view user_id, const PacketMask& mask) {
  std::vector<std::uint8_t> media = {media_media_type, media_type_heartbeat, media_timestamp};
  const auto now = little_endian(unix_millis_as_double());
  media.insert(media.end(), now.begin(), now.end());
  media.insert(media.end(), {media_heartbeat_metadata, 2, 0x10, 1});  // audio_enabled
  std::vector<std::uint8_t> wrapper = {wrapper_packet_type, packet_type_media};
  put_text(wrapper, wrapper_user_id, user_id);
  put_text(wrapper, wrapper_data, as_text(media));
  return framed(std::move(wrapper), mask);
}

}  // namespace parley::bench
