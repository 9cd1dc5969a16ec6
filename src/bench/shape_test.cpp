#include "bench/shape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

#include "bench/sender.h"
#include "bench/video_sizes.h"

namespace parley::bench {
namespace {

TEST(Shape, of_a_meeting_has_the_published_rates) {
  const Shape meeting = *find_shape("meeting-20");

  EXPECT_EQ(meeting.packets_per_second(), 1'600);
  EXPECT_EQ(meeting.deliveries_per_second(), 30'400);
}

TEST(Shape, of_pairs_and_broadcast_have_the_published_rates) {
  EXPECT_EQ(find_shape("pairs")->packets_per_second(), 3'200);
  EXPECT_EQ(find_shape("pairs")->deliveries_per_second(), 3'200);
  EXPECT_EQ(find_shape("broadcast")->deliveries_per_second(), 10'000);
}

TEST(Shape, is_unknown_under_any_other_name) { EXPECT_FALSE(find_shape("meeting").has_value()); }

TEST(Shape, that_makes_no_sense_says_why) {
  Shape shape = *find_shape("broadcast");
  shape.bytes = 20;
  EXPECT_EQ(validate(shape).error().message, "packets are 128 to 4000000 bytes");
  shape = *find_shape("broadcast");
  shape.members = 1;
  EXPECT_EQ(validate(shape).error().message, "a room needs a sender and somebody else");
  for (const Shape& usual : default_shapes()) EXPECT_TRUE(validate(usual).has_value());
}

TEST(Shape, over_webtransport_is_as_large_as_its_bars_are_for) {
  const auto shapes = default_shapes(Transports::webtransport);

  ASSERT_EQ(shapes.size(), 5U);
  EXPECT_EQ(shapes[3].rate, 800);
  EXPECT_EQ(shapes[4].sessions, 500);
  for (const Shape& shape : shapes) EXPECT_EQ(shape.transports, Transports::webtransport);
}

TEST(VideoSizes, are_between_400_and_3200_bytes_with_a_mean_near_1200) {
  const VideoSizes sizes(1, 1);

  EXPECT_NEAR(sizes.mean(), 1200, 20);
  for (std::size_t i = 0; i < VideoSizes::count; ++i) {
    EXPECT_GE(sizes[i], 400);
    EXPECT_LE(sizes[i], 3200);
  }
}

TEST(VideoSizes, depend_on_the_seed_alone) {
  const VideoSizes a(7, 1);
  const VideoSizes b(7, 1);
  const VideoSizes c(8, 1);
  bool differs = false;
  for (std::size_t i = 0; i < VideoSizes::count; ++i) {
    EXPECT_EQ(a[i], b[i]);
    differs = differs || a[i] != c[i];
  }
  EXPECT_TRUE(differs);
}

TEST(Sender, of_a_meeting_shows_every_150th_video_packet_as_a_keyframe) {
  const Shape meeting = *find_shape("meeting-20");
  for (const std::size_t index : {0, 7, 19}) {
    auto streams = make_streams(meeting, "bench00000", index, 20, {});
    ASSERT_EQ(streams.size(), 2U);
    EXPECT_EQ(streams[0].kind(), StreamKind::audio);
    EXPECT_EQ(streams[0].look(0).wrapper_bytes(), 171U);
    int keyframes = 0;
    for (std::uint64_t n = 0; n < 1'500; ++n)
      keyframes += streams[1].look(n).wrapper_bytes() == 95'000 ? 1 : 0;
    EXPECT_EQ(keyframes, 10);
  }
}

TEST(Sender, of_a_meeting_never_sends_its_keyframes_with_another) {
  const Shape meeting = *find_shape("meeting-20");
  std::vector<std::uint64_t> firsts;
  for (std::size_t index = 0; index < 20; ++index) {
    auto streams = make_streams(meeting, "bench00000", index, 20, {});
    std::uint64_t n = 0;
    while (streams[1].look(n).wrapper_bytes() != 95'000) ++n;
    firsts.push_back(n);
  }
  EXPECT_EQ(std::adjacent_find(firsts.begin(), firsts.end(), std::greater_equal<>()), firsts.end());
}

}  // namespace
}  // namespace parley::bench
