#include "wire/packet.h"

#include "wire/frame_header.h"

namespace parley {

std::string_view name_of(PacketClass packet_class) {
  switch (packet_class) {
    case PacketClass::control:
      return "control";
    case PacketClass::audio:
      return "audio";
    case PacketClass::data:
      return "data";
    case PacketClass::video:
      return "video";
  }
  return "unknown";
}

Packet Packet::seal(BufferBuilder builder, const PacketFacts& facts) {
  check(builder.size() >= packet_headroom, "a packet is sealed without its headroom");
  std::uint8_t* payload = builder.written().data() + packet_headroom;
  const std::size_t header =
      write_frame_header(payload, final_binary_frame, builder.size() - packet_headroom);
  return {builder.finish(), facts, static_cast<std::uint8_t>(packet_headroom - header)};
}

Packet Packet::copy_of(Bytes wrapper, const PacketFacts& facts) {
  BufferBuilder builder(packet_headroom + wrapper.size());
  builder.extend(packet_headroom);
  builder.append(wrapper);
  return seal(std::move(builder), facts);
}

}  // namespace parley
