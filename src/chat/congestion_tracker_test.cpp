#include "chat/congestion_tracker.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

constexpr SessionId alice{1};
constexpr SessionId bob{2};

TimePoint at(Duration since_start) { return TimePoint{} + 1h + since_start; }

int notices(CongestionTracker& tracker, SessionId sender, int drops, TimePoint now) {
  int told = 0;
  for (int i = 0; i < drops; ++i) told += tracker.on_drop(sender, now) ? 1 : 0;
  return told;
}

TEST(CongestionTracker, tells_at_the_fifth_drop_in_a_window) {
  CongestionTracker tracker;

  EXPECT_EQ(notices(tracker, alice, 4, at(0ms)), 0);
  EXPECT_EQ(notices(tracker, alice, 1, at(900ms)), 1);
}

TEST(CongestionTracker, starts_again_when_the_window_is_over) {
  CongestionTracker tracker;
  (void)notices(tracker, alice, 4, at(0ms));

  EXPECT_EQ(notices(tracker, alice, 4, at(1001ms)), 0);
  EXPECT_EQ(notices(tracker, alice, 1, at(1002ms)), 1);
}

TEST(CongestionTracker, tells_a_sender_at_most_once_a_second) {
  CongestionTracker tracker;

  EXPECT_EQ(notices(tracker, alice, 50, at(0ms)), 1);
  EXPECT_EQ(notices(tracker, alice, 50, at(999ms)), 0);
  EXPECT_EQ(notices(tracker, alice, 5, at(2000ms)), 1);
}

TEST(CongestionTracker, counts_each_sender_apart_and_nobody_not_at_all) {
  CongestionTracker tracker;

  EXPECT_EQ(notices(tracker, alice, 4, at(0ms)), 0);
  EXPECT_EQ(notices(tracker, bob, 4, at(0ms)), 0);
  EXPECT_EQ(notices(tracker, SessionId{}, 20, at(0ms)), 0);
  EXPECT_EQ(tracker.senders(), 2u);
}

TEST(CongestionTracker, forgets_senders_that_lose_nothing_any_more) {
  CongestionTracker tracker;
  (void)tracker.on_drop(alice, at(0s));

  (void)notices(tracker, bob, 100, at(11s));

  EXPECT_EQ(tracker.senders(), 1u);
}

}  // namespace
}  // namespace parley
