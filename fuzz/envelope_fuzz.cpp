// The envelope walker accepts exactly what protobuf accepts, and reads the same from it; a stamp
// names the sender whatever stood there before.
//
// Input: a PacketWrapper, or anything else.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "chat/packet_handler.h"
#include "wire/envelope.h"
#include "wire/media.h"
#include "wire/proto/packet.pb.h"

namespace parley {
namespace {

void compare_media(const std::string& bytes) {
  proto::MediaPacket expected;
  const bool parses = expected.ParseFromString(bytes);
  const auto media = walk_media(as_bytes(bytes));
  check(media.has_value() == parses, "only one of the two takes this for a MediaPacket");
  if (!parses) return;
  const int type = expected.media_type();
  check(media->type == (type >= 0 && type <= 6 ? static_cast<MediaType>(type) : MediaType::other),
        "the media type is another");
  check(as_text(media->user_id) == expected.user_id(), "the inner user is another");
  check(media->frame_type == expected.frame_type(), "the frame type is another");
}

void compare(const std::string& bytes) {
  proto::PacketWrapper expected;
  const bool parses = expected.ParseFromString(bytes);
  const auto envelope = walk_envelope(as_bytes(bytes));
  check(envelope.has_value() == parses, "only one of the two takes this for a PacketWrapper");
  const Verdict verdict = judge(as_bytes(bytes));
  check((verdict.action == Action::drop_malformed) == !parses, "the verdict is another");
  if (!parses) return;
  const int type = expected.packet_type();
  check(envelope->type ==
            (type >= 0 && type <= 9 ? static_cast<PacketType>(type) : PacketType::other),
        "the packet type is another");
  check(as_text(envelope->user_id) == expected.user_id(), "the user is another");
  check(as_text(envelope->data) == expected.data(), "the data is another");
  check(envelope->session_id.value == expected.session_id(), "the session is another");
  compare_media(expected.data());
}

void stamp(std::string_view bytes) {
  if (!walk_envelope(as_bytes(bytes))) return;
  constexpr SessionId sender{0x8123456789abcdef};
  BufferBuilder builder(bytes.size() + packet_stamp_bytes_max);
  builder.append(as_bytes(bytes));
  stamp_sender(builder, sender);
  const Buffer stamped = builder.finish();
  check(as_text(stamped.bytes()).starts_with(bytes), "the stamp changes what it stamps");
  proto::PacketWrapper expected;
  check(expected.ParseFromString(std::string(as_text(stamped.bytes()))), "the stamp breaks it");
  check(expected.session_id() == sender.value, "the stamp is not the last word");
}

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  parley::compare(bytes);
  parley::compare_media(bytes);
  parley::stamp(bytes);
  return 0;
}
