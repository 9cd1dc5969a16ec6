#include "wire/envelope.h"

#include "wire/field_walker.h"

namespace parley {
namespace {

constexpr std::uint8_t session_id_tag = 4 << 3;  // field 4, varint

PacketType packet_type_of(std::uint64_t value) {
  const auto type = static_cast<std::int32_t>(value);
  const auto last = static_cast<std::int32_t>(PacketType::congestion);
  return type < 0 || type > last ? PacketType::other : static_cast<PacketType>(type);
}

}  // namespace

std::optional<Envelope> walk_envelope(Bytes wrapper) {
  Envelope envelope;
  FieldWalker walker(wrapper);
  for (Field field; walker.next(field);) {
    if (field.type == WireType::varint) {
      if (field.number == 1) envelope.type = packet_type_of(field.varint);
      if (field.number == 4) envelope.session_id = {field.varint};
    } else if (field.type == WireType::length_delimited) {
      if (field.number == 2) envelope.user_id = field.bytes;
      if (field.number == 3) envelope.data = field.bytes;
    }
  }
  if (!walker.clean()) return std::nullopt;
  return envelope;
}

void stamp_sender(BufferBuilder& wrapper, SessionId sender) {
  std::uint8_t stamp[packet_stamp_bytes_max];
  std::size_t size = 0;
  stamp[size++] = session_id_tag;
  std::uint64_t rest = sender.value;
  while (rest >= 0x80) {
    stamp[size++] = static_cast<std::uint8_t>(rest | 0x80);
    rest >>= 7;
  }
  stamp[size++] = static_cast<std::uint8_t>(rest);
  wrapper.append({stamp, size});
}

}  // namespace parley
