#include "chat/fleet_watch.h"

#include <gtest/gtest.h>

#include "chat/testing/packets.h"

namespace parley {
namespace {

TEST(FleetWatch, a_server_is_silent_after_nine_seconds_and_is_named_once) {
  FleetWatch watch;
  watch.heard({1}, at(0s));
  watch.heard({2}, at(0s));
  watch.heard({2}, at(5s));

  EXPECT_TRUE(watch.take_silent(at(8999ms)).empty());
  EXPECT_EQ(watch.take_silent(at(9s)), std::vector<InstanceId>{{1}});
  EXPECT_TRUE(watch.take_silent(at(9s)).empty());
  EXPECT_EQ(watch.size(), 1u);
}

TEST(FleetWatch, watches_no_more_servers_than_its_bound) {
  FleetWatch watch;
  for (std::uint64_t i = 1; i <= fleet_servers_max; ++i) EXPECT_TRUE(watch.heard({i}, at(0s)));

  EXPECT_FALSE(watch.heard({5000}, at(1s)));
  EXPECT_TRUE(watch.heard({1}, at(1s)));
  EXPECT_EQ(watch.size(), fleet_servers_max);
}

}  // namespace
}  // namespace parley
