#include "quic/flush_hold.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(FlushHold, nothing_waits_while_there_is_time_to_spare) {
  EXPECT_EQ(flush_hold(0, 1ms), 0ms);
  EXPECT_EQ(flush_hold(0.2, 1ms), 0ms);
}

TEST(FlushHold, grows_with_the_load) {
  EXPECT_NEAR(std::chrono::duration<double>(flush_hold(0.3, 1ms)).count(), 0.0005, 1e-6);
  EXPECT_EQ(flush_hold(0.4, 1ms), 1ms);
  EXPECT_EQ(flush_hold(1.0, 1ms), 1ms);
}

TEST(FlushHold, can_be_turned_off) { EXPECT_EQ(flush_hold(1.0, 0ms), 0ms); }

}  // namespace
}  // namespace parley
