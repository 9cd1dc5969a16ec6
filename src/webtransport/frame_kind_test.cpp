#include "webtransport/frame_kind.h"

#include <gtest/gtest.h>

#include <string>

#include "webtransport/testing/media_packets.h"

namespace parley {
namespace {

using namespace wt_test;

struct Row {
  const char* name;
  std::string packet;
  FrameKind kind;
};

std::vector<Row> rows() {
  return {
      {"video", video_packet(3000), FrameKind::video},
      {"small video", video_packet(1), FrameKind::video},
      {"screen", screen_packet(3000), FrameKind::screen},
      {"audio", audio_packet(160), FrameKind::other},
      {"heartbeat", media_packet(4, 0), FrameKind::other},
      {"keyframe request", media_packet(6, 5), FrameKind::other},
      {"of the future", media_packet(77, 5), FrameKind::other},
      {"diagnostics", wrapper(5, "some report"), FrameKind::other},
      {"key exchange", wrapper(1, "a key"), FrameKind::other},
      {"sealed frame", sealed_packet(900), FrameKind::sealed},
  };
}

TEST(FrameKind, is_read_from_a_whole_packet) {
  for (const Row& row : rows())
    EXPECT_EQ(frame_kind_of(as_bytes(row.packet)), row.kind) << row.name;
  EXPECT_EQ(frame_kind_of({}), FrameKind::other);
  EXPECT_EQ(frame_kind_of(as_bytes(sealed_packet(100))), FrameKind::other) << "sealed audio";
  EXPECT_EQ(frame_kind_of(as_bytes("\x08\x03\x1a\x7fno packet")), FrameKind::other);
}

TEST(FrameKind, shows_in_the_first_bytes_and_stays) {
  for (const Row& row : rows()) {
    const Bytes packet = as_bytes(row.packet);
    bool has_shown = false;
    for (std::size_t size = 0; size <= packet.size(); ++size) {
      const FrameKind kind = peek_frame_kind(packet.first(size));
      if (kind == FrameKind::unknown) {
        EXPECT_FALSE(has_shown) << row.name << " at " << size;
      } else {
        EXPECT_EQ(kind, row.kind) << row.name << " at " << size;
        has_shown = true;
      }
      EXPECT_TRUE(has_shown || size < 40) << row.name;
    }
  }
}

TEST(FrameKind, of_a_beginning_that_is_no_packet_is_some_kind) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::uint8_t bytes[] = {static_cast<std::uint8_t>(first),
                                    static_cast<std::uint8_t>(second),
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff,
                                    0xff};
      for (std::size_t size = 0; size <= sizeof bytes; ++size)
        (void)peek_frame_kind(Bytes(bytes).first(size));
    }
  }
}

}  // namespace
}  // namespace parley
