#include "chat/keyframe_limiter.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TimePoint at(Duration since_start) { return TimePoint{} + 1h + since_start; }

TEST(KeyframeLimiter, lets_two_requests_through_and_refuses_the_third) {
  KeyframeLimiter limiter;

  EXPECT_TRUE(limiter.allow(at(0ms)));
  EXPECT_TRUE(limiter.allow(at(10ms)));
  EXPECT_FALSE(limiter.allow(at(20ms)));
  EXPECT_FALSE(limiter.allow(at(1000ms)));
}

TEST(KeyframeLimiter, opens_a_new_window_after_a_second) {
  KeyframeLimiter limiter;
  for (int i = 0; i < 3; ++i) (void)limiter.allow(at(0ms));

  EXPECT_TRUE(limiter.allow(at(1001ms)));
  EXPECT_TRUE(limiter.allow(at(1500ms)));
  EXPECT_FALSE(limiter.allow(at(1900ms)));
}

}  // namespace
}  // namespace parley
