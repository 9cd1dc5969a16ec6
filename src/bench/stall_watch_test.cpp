#include "bench/stall_watch.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

/// One sender and one stalling receiver, member 5.
struct Room {
  StallWatch watch{5, 1, 1};
  Ledger ledger{1};
  std::uint32_t sequence = 0;
  std::array<std::uint32_t, stream_kind_count> next{};

  void send(StreamKind stream, Duration at, bool is_delivered, bool is_keyframe = false) {
    watch.note_sent(0, stream, TimePoint(at));
    const Mark mark{.sequence = sequence++,
                    .stream_sequence = next[static_cast<std::size_t>(stream)]++,
                    .stream = stream,
                    .is_keyframe = is_keyframe};
    if (is_delivered) watch.note_arrival(5, 0, mark, ledger.arrive(0, mark));
  }
};

TEST(StallWatch, counts_what_was_lost_and_when_the_first_of_it_was_sent) {
  Room room;
  room.send(StreamKind::video, 1s, true);
  room.watch.begin(TimePoint(10s), {});
  room.send(StreamKind::video, 11s, false);
  room.send(StreamKind::audio, 12s, true);
  room.send(StreamKind::video, 13s, false);
  room.send(StreamKind::video, 14s, true, true);

  const StallResult result = room.watch.result();

  EXPECT_EQ(result.sent_video, 4U);
  EXPECT_EQ(result.lost_video, 2U);
  EXPECT_EQ(result.first_lost_video, 1s);
  EXPECT_EQ(result.lost_audio, 0U);
  EXPECT_FALSE(result.first_lost_audio.has_value());
}

TEST(StallWatch, tells_a_keyframe_after_the_gap_from_a_delta) {
  Room with_keyframe;
  with_keyframe.send(StreamKind::video, 1s, false);
  with_keyframe.send(StreamKind::video, 2s, true, true);
  with_keyframe.send(StreamKind::video, 3s, true);
  Room with_delta;
  with_delta.send(StreamKind::video, 1s, false);
  with_delta.send(StreamKind::video, 2s, true);
  with_delta.send(StreamKind::video, 3s, true, true);

  EXPECT_EQ(with_keyframe.watch.result().senders_with_gap, 1);
  EXPECT_EQ(with_keyframe.watch.result().senders_resumed_by_keyframe, 1);
  EXPECT_EQ(with_delta.watch.result().senders_with_gap, 1);
  EXPECT_EQ(with_delta.watch.result().senders_resumed_by_keyframe, 0);
}

TEST(StallWatch, knows_whom_it_watches) {
  const StallWatch watch(18, 2, 18);

  EXPECT_FALSE(watch.includes(17));
  EXPECT_TRUE(watch.includes(18));
  EXPECT_TRUE(watch.includes(19));
  EXPECT_FALSE(watch.includes(20));
}

}  // namespace
}  // namespace parley::bench
