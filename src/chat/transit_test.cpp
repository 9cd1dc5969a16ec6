// Who pauses, and who tells it to go on.

#include "chat/transit.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

constexpr std::size_t most = Transit::bytes_max - Transit::packet_bytes;

TEST(Transit, pauses_above_its_bound_and_goes_on_at_half_of_it) {
  Transit transit;
  transit.depart(most);
  EXPECT_FALSE(transit.pause());
  transit.depart(0);
  EXPECT_TRUE(transit.pause());

  EXPECT_FALSE(transit.arrive(0));
  EXPECT_TRUE(transit.arrive(most));

  EXPECT_EQ(transit.bytes(), 0u);
}

TEST(Transit, nobody_who_has_not_paused_is_told_to_go_on) {
  Transit transit;
  transit.depart(most);
  transit.depart(most);

  EXPECT_FALSE(transit.arrive(most));
  EXPECT_FALSE(transit.arrive(most));
  EXPECT_FALSE(transit.pause());
}

TEST(Transit, a_refused_packet_is_not_on_the_way) {
  Transit transit;
  transit.depart(most);
  transit.depart(most);
  transit.cancel(most);

  EXPECT_FALSE(transit.pause());
  EXPECT_FALSE(transit.arrive(most));
  EXPECT_EQ(transit.bytes(), 0u);
}

}  // namespace
}  // namespace parley
