#pragma once
// Media: the inner message of a MEDIA packet, as far as the relay looks into it.

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "wire/packet.h"

namespace parley {

/// The facts of a MediaPacket; the views point into the bytes that were walked.
struct Media {
  MediaType type = MediaType::unknown;
  /// In a keyframe request: whose keyframe is wanted.
  Bytes user_id;
  /// "key", "delta" or nothing.
  std::string_view frame_type;
};

/// Reads a MediaPacket; nothing if the whole message, nested ones included, does not walk cleanly
/// to its end: an encrypted payload may begin like an RTT probe.
std::optional<Media> walk_media(Bytes message);

}  // namespace parley
