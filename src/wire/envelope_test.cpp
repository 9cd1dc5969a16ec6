#include "wire/envelope.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "wire/media.h"
#include "wire/notices.h"
#include "wire/proto/packet.pb.h"

namespace parley {
namespace {

std::string hex(Bytes bytes) {
  std::string text;
  for (const auto byte : bytes) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

/// Both parsers on the same bytes must agree on whether they are a message and on every field.
void expect_as_protobuf(const std::string& bytes) {
  proto::PacketWrapper expected;
  const bool parses = expected.ParseFromString(bytes);
  const auto envelope = walk_envelope(as_bytes(bytes));

  ASSERT_EQ(envelope.has_value(), parses) << hex(as_bytes(bytes));
  if (!parses) return;
  EXPECT_EQ(as_text(envelope->user_id), expected.user_id());
  EXPECT_EQ(as_text(envelope->data), expected.data());
  EXPECT_EQ(envelope->session_id.value, expected.session_id());
  const int type = expected.packet_type();
  EXPECT_EQ(envelope->type,
            type >= 0 && type <= 9 ? static_cast<PacketType>(type) : PacketType::other);

  proto::MediaPacket media;
  const bool media_parses = media.ParseFromString(bytes);
  const auto walked = walk_media(as_bytes(bytes));
  ASSERT_EQ(walked.has_value(), media_parses) << hex(as_bytes(bytes));
  if (!media_parses) return;
  EXPECT_EQ(as_text(walked->user_id), media.user_id());
  EXPECT_EQ(walked->frame_type, media.frame_type());
}

std::string sample_wrapper() {
  proto::MediaPacket media;
  media.set_media_type(proto::VIDEO);
  media.set_data(std::string(300, 'x'));
  media.set_frame_type("key");
  media.set_timestamp(12.5);
  media.mutable_video_metadata()->set_sequence(7);
  media.mutable_audio_metadata()->set_audio_format("opus");
  proto::PacketWrapper wrapper;
  wrapper.set_packet_type(proto::MEDIA);
  wrapper.set_user_id("alice");
  media.SerializeToString(wrapper.mutable_data());
  wrapper.set_session_id(99);
  return wrapper.SerializeAsString();
}

TEST(Envelope, reads_what_protobuf_wrote) {
  const std::string bytes = sample_wrapper();

  const auto envelope = walk_envelope(as_bytes(bytes));

  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->type, PacketType::media);
  EXPECT_EQ(as_text(envelope->user_id), "alice");
  EXPECT_EQ(envelope->session_id.value, 99u);
  const auto media = walk_media(envelope->data);
  ASSERT_TRUE(media);
  EXPECT_EQ(media->type, MediaType::video);
  EXPECT_EQ(media->frame_type, "key");
}

TEST(Envelope, takes_no_bytes_as_an_empty_envelope) {
  const auto envelope = walk_envelope({});

  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->type, PacketType::unknown);
  EXPECT_TRUE(envelope->data.empty());
}

TEST(Envelope, agrees_with_protobuf_on_every_truncation) {
  const std::string bytes = sample_wrapper();

  for (std::size_t size = 0; size <= bytes.size(); ++size)
    expect_as_protobuf(bytes.substr(0, size));
}

TEST(Envelope, agrees_with_protobuf_on_odd_encodings) {
  const std::string cases[] = {
      std::string("\x08\x83\x00", 3),                                       // overlong varint
      std::string("\x88\x80\x80\x80\x00\x03", 6),                           // overlong tag
      std::string("\x88\x80\x80\x80\x80\x00\x03", 7),                       // tag of six bytes
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),      // -1
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11),      // tenth byte overflows
      std::string("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12),  // eleven bytes
      std::string("\x00", 1),                                               // tag 0
      std::string("\x02\x01", 2),                                           // field 0
      std::string("\x0e\x01", 2),
      std::string("\x0f\x01", 2),                                       // wire types 6, 7
      std::string("\x0b\x0c", 2),                                       // empty group
      std::string("\x0b\x14", 2),                                       // group closed by another
      std::string("\x0c", 1),                                           // end without start
      std::string("\x0b", 1),                                           // group left open
      std::string("\x0b\x08\x01\x0c\x08\x03", 6),                       // group, then a field
      std::string("\x0a\x00", 2),                                       // field 1 as bytes
      std::string("\x22\x02\x22\x01", 4),                               // field 4 as bytes
      std::string("\x10\x05", 2),                                       // field 2 as varint
      std::string("\x12\x85\x80\x80\x80\x00\x61\x62\x63\x64\x65", 11),  // overlong length
      std::string("\x12\x85\x80\x80\x80\x80\x00\x61\x62\x63\x64\x65", 12),  // length of six bytes
      std::string("\x12\xff\xff\xff\xff\x0f", 6),                           // length of 4 GiB
      std::string("\x08\x03\x08\x07", 4),                                   // a field twice
      std::string("\x22\x02\xff\xfe", 4),                                   // text that is no UTF-8
      std::string("\x3a\x04\x0a\x02\xff\xfe", 6),                           // the same, nested
      std::string("\x42\x02\x08\x80", 4),                                   // nested and cut off
  };

  for (const auto& bytes : cases) expect_as_protobuf(bytes);
}

TEST(Envelope, agrees_with_protobuf_on_groups_of_every_depth) {
  for (int depth = 95; depth <= 105; ++depth)
    expect_as_protobuf(std::string(depth, '\x0b') + std::string(depth, '\x0c'));
}

TEST(Envelope, agrees_with_protobuf_on_random_and_mutated_bytes) {
  std::mt19937 random(20260204);
  const std::string sample = sample_wrapper().substr(0, 60);

  for (int round = 0; round < 200000; ++round) {
    std::string bytes = sample;
    if (round % 2 == 0) {
      bytes.assign(random() % 24, '\0');
      for (auto& byte : bytes) byte = static_cast<char>(random() % (round % 4 ? 256 : 64));
    } else {
      for (int flips = 0; flips < 3; ++flips)
        bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    expect_as_protobuf(bytes);
  }
}

TEST(Envelope, stamp_overrides_the_senders_own_word) {
  const std::string forged = sample_wrapper();
  BufferBuilder builder(forged.size() + packet_stamp_bytes_max);
  builder.append(as_bytes(forged));

  stamp_sender(builder, SessionId{0x8123456789abcdef});

  const Buffer stamped = builder.finish();
  EXPECT_EQ(stamped.size(), forged.size() + 11);
  EXPECT_EQ(walk_envelope(stamped.bytes())->session_id.value, 0x8123456789abcdefu);
}

TEST(Notices, are_the_reference_bytes) {
  const std::string system = "120e73797374656d2d265e2524234021";
  const std::string id = "ef9bafcdf8acd1918101";
  const SessionId session{0x8123456789abcdef};
  const RoomId room{"room1"};
  const Subject bob{session, "bob", "Bob"};

  EXPECT_EQ(hex(session_assigned(session).wrapper()), "0808" + system + "20" + id);
  EXPECT_EQ(hex(meeting_started(room, {1770163200000}, "alice").wrapper()),
            "0807" + system + "1a17" + "08011205726f6f6d31" + "1880c0cbafc233" + "2a05616c696365");
  EXPECT_EQ(hex(participant_joined(room, bob).wrapper()),
            "0807" + system + "1a3a" + "08031205726f6f6d31" + "221a" +
                hex(as_bytes("bob has joined the meeting")) + "3a03626f62" + "48" + id +
                "5203426f62");
  EXPECT_EQ(hex(participant_left(room, bob).wrapper()),
            "0807" + system + "1a38" + "08041205726f6f6d31" + "2218" +
                hex(as_bytes("bob has left the meeting")) + "3a03626f62" + "48" + id +
                "5203426f62");
  EXPECT_EQ(hex(meeting_ended(room, "The host has ended the meeting").wrapper()),
            "0807" + system + "1a29" + "08021205726f6f6d31" + "221e" +
                hex(as_bytes("The host has ended the meeting")));
  EXPECT_EQ(hex(congestion(session, "carol").wrapper()),
            "08091205" + hex(as_bytes("carol")) + "20" + id);
}

TEST(Packet, carries_its_frame_header_in_front) {
  for (const std::size_t size : {0u, 125u, 126u, 65535u, 65536u}) {
    const std::string wrapper(size, 'w');

    const Packet packet = Packet::copy_of(as_bytes(wrapper), {});

    EXPECT_EQ(as_text(packet.wrapper()), wrapper);
    const Bytes frame = packet.frame();
    EXPECT_EQ(frame[0], 0x82);
    EXPECT_EQ(frame.size() - size, size <= 125 ? 2u : size <= 65535 ? 4u : 10u);
    EXPECT_EQ(frame[1], size <= 125 ? size : size <= 65535 ? 126 : 127);
  }
}

}  // namespace
}  // namespace parley
