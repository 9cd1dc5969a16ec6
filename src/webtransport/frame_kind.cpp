#include "webtransport/frame_kind.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "chat/packet_handler.h"
#include "wire/field_walker.h"
#include "wire/packet.h"

namespace parley {
namespace {

// Takes a protobuf varint off the front; nothing if it is cut or too long.
std::optional<std::uint64_t> take_number(Bytes& in) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
    value |= static_cast<std::uint64_t>(in[i] & 0x7f) << (7 * i);
    if (in[i] >= 0x80) continue;
    in = in.subspan(i + 1);
    return value;
  }
  return std::nullopt;
}

struct Tag {
  std::uint64_t number;
  WireType type;
};

std::optional<Tag> take_tag(Bytes& in) {
  const auto tag = take_number(in);
  if (!tag) return std::nullopt;
  return Tag{*tag >> 3, static_cast<WireType>(*tag & 7)};
}

FrameKind kind_of(std::uint64_t media_type) {
  if (media_type == static_cast<std::uint64_t>(MediaType::video)) return FrameKind::video;
  if (media_type == static_cast<std::uint64_t>(MediaType::screen)) return FrameKind::screen;
  return FrameKind::other;
}

// A MediaPacket begins with its media type, or it is encrypted.
FrameKind peek_media(Bytes beginning) {
  constexpr std::uint8_t media_type_tag = 1 << 3;  // field 1, varint
  if (beginning.empty()) return FrameKind::unknown;
  if (beginning.front() != media_type_tag) return FrameKind::sealed;
  beginning = beginning.subspan(1);
  const auto media_type = take_number(beginning);
  return media_type ? kind_of(*media_type) : FrameKind::unknown;
}

}  // namespace

FrameKind frame_kind_of(Bytes wrapper) {
  const PacketFacts facts = judge(wrapper).facts;
  if (facts.type != PacketType::media || facts.packet_class != PacketClass::video)
    return FrameKind::other;
  if (facts.media == MediaType::screen) return FrameKind::screen;
  return facts.media == MediaType::video ? FrameKind::video : FrameKind::sealed;
}

FrameKind peek_frame_kind(Bytes beginning) {
  constexpr std::uint64_t packet_type_field = 1;
  constexpr std::uint64_t data_field = 3;

  bool is_media = false;
  while (!beginning.empty()) {
    const auto tag = take_tag(beginning);
    if (!tag) return FrameKind::unknown;
    if (tag->type != WireType::varint && tag->type != WireType::length_delimited)
      return FrameKind::other;  // no field of ours is written so
    const auto number = take_number(beginning);
    if (!number) return FrameKind::unknown;

    if (tag->type == WireType::varint) {
      if (tag->number != packet_type_field) continue;
      is_media = *number == static_cast<std::uint64_t>(PacketType::media);
      if (!is_media) return FrameKind::other;
    } else if (tag->number == data_field) {
      if (!is_media) return FrameKind::other;
      return peek_media(beginning.first(std::min<std::uint64_t>(*number, beginning.size())));
    } else {
      if (*number > beginning.size()) return FrameKind::unknown;
      beginning = beginning.subspan(static_cast<std::size_t>(*number));
    }
  }
  return FrameKind::unknown;
}

}  // namespace parley
