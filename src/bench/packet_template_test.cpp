#include "bench/packet_template.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "bench/packet_head.h"
#include "websocket/frame_encoder.h"

namespace parley::bench {
namespace {

constexpr MaskKey key = {0x12, 0x34, 0x56, 0x78};

/// The payload of a client's frame, unmasked.
std::vector<std::uint8_t> payload_of(Bytes frame, std::size_t payload_bytes) {
  EXPECT_EQ(frame.size(), masked_frame_bytes(payload_bytes));
  const std::size_t header = frame.size() - payload_bytes;
  std::vector<std::uint8_t> payload(frame.begin() + static_cast<std::ptrdiff_t>(header),
                                    frame.end());
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<std::uint8_t>(payload[i] ^ key[i % 4]);
  return payload;
}

PacketLook look(StreamKind stream, std::size_t bytes) {
  return {.user_id = "bench00007",
          .stream = stream,
          .is_keyframe = bytes > 50'000,
          .wrapper_bytes = bytes};
}

TEST(PacketTemplate, has_exactly_the_wanted_size) {
  for (const std::size_t bytes : {128, 171, 400, 600, 1200, 3200, 95'000})
    EXPECT_EQ(PacketTemplate(look(StreamKind::data, bytes), key).wrapper_bytes(), bytes);
}

TEST(PacketTemplate, is_never_larger_than_wanted_nor_more_than_a_byte_or_two_smaller) {
  for (std::size_t bytes = wrapper_bytes_min; bytes < 17'000; bytes += bytes < 300 ? 1 : 97) {
    const std::size_t size = PacketTemplate(look(StreamKind::audio, bytes), key).wrapper_bytes();
    EXPECT_LE(size, bytes);
    EXPECT_GE(size + 2, bytes);
  }
}

TEST(PacketTemplate, carries_the_mark_it_was_patched_with) {
  PacketTemplate packet(look(StreamKind::video, 95'000), key);

  for (const std::uint32_t n : {0U, 1U, 70'000U}) {
    const Mark mark{.run = 0xDEADBEEF,
                    .sender = 42,
                    .sequence = n * 3,
                    .stream_sequence = n,
                    .phase = 2,
                    .sent_at = TimePoint(123'456'789'012ns)};
    const auto payload = payload_of(packet.patch(mark), 95'000);
    const auto found = read_packet_head(Bytes(payload).first(packet_head_bytes));

    ASSERT_TRUE(found.mark.has_value());
    EXPECT_EQ(found.packet_type, 3U);
    EXPECT_EQ(found.mark->run, mark.run);
    EXPECT_EQ(found.mark->sender, mark.sender);
    EXPECT_EQ(found.mark->sequence, mark.sequence);
    EXPECT_EQ(found.mark->stream_sequence, n);
    EXPECT_EQ(found.mark->phase, 2);
    EXPECT_EQ(found.mark->sent_at, mark.sent_at);
    EXPECT_EQ(found.mark->wrapper_bytes, 95'000U);
    EXPECT_EQ(found.mark->stream, StreamKind::video);
    EXPECT_TRUE(found.mark->is_keyframe);
  }
}

TEST(PacketTemplate, of_audio_is_the_public_protocol_byte_for_byte) {
  PacketTemplate packet(look(StreamKind::audio, 171), key);
  const auto payload = payload_of(packet.patch({.stream_sequence = 5}), 171);

  const std::vector<std::uint8_t> head = {0x08, 0x03, 0x12, 10,   'b',  'e', 'n',  'c',
                                          'h',  '0',  '0',  '0',  '0',  '7', 0x1A, 0x9A,
                                          0x01, 0x08, 0x02, 0x1A, 0x80, 0x01};
  const std::vector<std::uint8_t> tail = {0x3A, 0x05, 0x28, 0x85, 0x80, 0x80, 0x01};
  EXPECT_EQ(std::vector(payload.begin(), payload.begin() + 22), head);
  EXPECT_EQ(std::vector(payload.end() - 7, payload.end()), tail);
}

TEST(PacketHead, finds_no_mark_in_what_others_send) {
  const auto heartbeat = heartbeat_frame("someone", key);
  const auto payload = payload_of(heartbeat, heartbeat.size() - 6);

  EXPECT_EQ(read_packet_head(payload).packet_type, 3U);
  EXPECT_FALSE(read_packet_head(payload).mark.has_value());
}

TEST(PacketHead, survives_bytes_that_end_anywhere) {
  PacketTemplate packet(look(StreamKind::data, 200), key);
  const auto payload = payload_of(packet.patch({}), 200);

  for (std::size_t end = 0; end < 58; ++end)
    EXPECT_FALSE(read_packet_head(Bytes(payload).first(end)).mark.has_value());
  EXPECT_FALSE(read_packet_head(as_bytes("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")).mark);
}

}  // namespace
}  // namespace parley::bench
