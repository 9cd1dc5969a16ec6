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

TEST(FleetWatch, a_server_that_was_silent_is_back_once_it_says_that_it_lives) {
  FleetWatch watch;
  EXPECT_EQ(watch.heard_alive({1}, false, at(0s)), Heard::alive);
  watch.take_silent(at(9s));

  EXPECT_EQ(watch.heard_alive({2}, false, at(20s)), Heard::alive);
  EXPECT_EQ(watch.heard({1}, at(20s)), Heard::alive);
  EXPECT_EQ(watch.heard_alive({1}, false, at(20s)), Heard::back_unasked);
  EXPECT_EQ(watch.heard_alive({1}, false, at(20s)), Heard::alive);
}

TEST(FleetWatch, who_is_back_and_asks_need_not_be_asked) {
  FleetWatch watch;
  watch.heard({1}, at(0s));
  watch.take_silent(at(9s));

  EXPECT_EQ(watch.heard_alive({1}, true, at(20s)), Heard::back);
  EXPECT_EQ(watch.heard_alive({1}, false, at(20s)), Heard::alive);
}

TEST(FleetWatch, who_is_back_soon_after_all_were_asked_need_not_be_asked_again) {
  FleetWatch watch;
  for (const InstanceId server : {InstanceId{1}, InstanceId{2}}) watch.heard(server, at(0s));
  watch.take_silent(at(9s));
  EXPECT_FALSE(watch.has_just_asked(at(0s)));

  watch.ask(at(20s));

  EXPECT_EQ(watch.heard_alive({1}, false, at(20'999ms)), Heard::back);
  EXPECT_EQ(watch.heard_alive({2}, false, at(21s)), Heard::back_unasked);
  EXPECT_FALSE(watch.has_just_asked(at(21s)));
}

TEST(FleetWatch, who_falls_silent_ever_again_drives_nobody_out) {
  FleetWatch watch;
  watch.heard({1}, at(0s));
  watch.take_silent(at(10s));
  TimePoint now = at(10s);
  for (std::size_t i = 0; i < fleet_servers_max; ++i) {
    watch.heard({2}, now);
    watch.take_silent(now += 10s);
  }

  EXPECT_EQ(watch.heard_alive({1}, false, now), Heard::back_unasked);
}

TEST(FleetWatch, forgets_first_who_has_been_silent_longest) {
  FleetWatch watch;
  watch.heard({1}, at(0s));
  watch.take_silent(at(10s));
  for (std::uint64_t i = 2; i <= fleet_servers_max + 1; ++i) watch.heard({i}, at(10s));
  watch.take_silent(at(20s));

  EXPECT_EQ(watch.heard_alive({1}, false, at(20s)), Heard::alive);
  EXPECT_EQ(watch.heard_alive({2}, false, at(20s)), Heard::back_unasked);
}

TEST(FleetWatch, watches_no_more_servers_than_its_bound) {
  FleetWatch watch;
  for (std::uint64_t i = 1; i <= fleet_servers_max; ++i) watch.heard({i}, at(0s));

  EXPECT_EQ(watch.heard({5000}, at(1s)), Heard::unwatched);
  EXPECT_EQ(watch.heard_alive({5000}, false, at(1s)), Heard::unwatched);
  EXPECT_EQ(watch.heard({1}, at(1s)), Heard::alive);
  EXPECT_EQ(watch.size(), fleet_servers_max);
}

}  // namespace
}  // namespace parley
