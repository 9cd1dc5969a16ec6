#include "actor/busy_meter.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

constexpr TimePoint start{1h};

/// Turns that work for `work` of each `period`, until `until`.
void run(BusyMeter& meter, TimePoint& at, Duration work, Duration period, TimePoint until) {
  for (; at < until; at += period) meter.add(at, at + work);
}

TEST(BusyMeter, starts_at_nothing) { EXPECT_EQ(BusyMeter().share(), 0); }

TEST(BusyMeter, says_what_share_of_its_time_a_loop_works) {
  BusyMeter meter;
  TimePoint at = start;
  run(meter, at, 300us, 1ms, start + 1s);

  EXPECT_NEAR(meter.share(), 0.3, 0.01);
}

TEST(BusyMeter, follows_within_a_quarter_of_a_second) {
  BusyMeter meter;
  TimePoint at = start;
  run(meter, at, 900us, 1ms, start + 1s);
  run(meter, at, 100us, 1ms, start + 1s + 250ms);

  EXPECT_NEAR(meter.share(), 0.1, 0.1);
}

TEST(BusyMeter, a_single_long_turn_after_a_rest_is_not_busy) {
  BusyMeter meter;
  meter.add(start, start + 1ms);
  meter.add(start + 1s, start + 1s + 20ms);

  EXPECT_LT(meter.share(), 0.05);
}

}  // namespace
}  // namespace parley
