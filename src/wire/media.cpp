#include "wire/media.h"

#include "wire/field_walker.h"
#include "wire/utf8.h"

namespace parley {
namespace {

MediaType media_type_of(std::uint64_t value) {
  const auto type = static_cast<std::int32_t>(value);
  const auto last = static_cast<std::int32_t>(MediaType::keyframe_request);
  return type < 0 || type > last ? MediaType::other : static_cast<MediaType>(type);
}

/// A nested message of scalars; its field 1 is text if `field_1_is_text`.
bool walks_cleanly(Bytes message, bool field_1_is_text) {
  FieldWalker walker(message);
  for (Field field; walker.next(field);) {
    const bool text =
        field_1_is_text && field.number == 1 && field.type == WireType::length_delimited;
    if (text && !is_utf8(field.bytes)) return false;
  }
  return walker.clean();
}

}  // namespace

std::optional<Media> walk_media(Bytes message) {
  constexpr std::uint32_t audio_metadata = 7;
  constexpr std::uint32_t heartbeat_metadata = 9;

  Media media;
  FieldWalker walker(message);
  for (Field field; walker.next(field);) {
    if (field.type == WireType::varint && field.number == 1)
      media.type = media_type_of(field.varint);
    if (field.type != WireType::length_delimited) continue;
    if (field.number == 2) media.user_id = field.bytes;
    if (field.number == 4) {
      if (!is_utf8(field.bytes)) return std::nullopt;
      media.frame_type = as_text(field.bytes);
    }
    if (field.number >= audio_metadata && field.number <= heartbeat_metadata &&
        !walks_cleanly(field.bytes, field.number == audio_metadata))
      return std::nullopt;
  }
  if (!walker.clean()) return std::nullopt;
  return media;
}

}  // namespace parley
