#include "chat/recent_connections.h"

#include <gtest/gtest.h>

#include <string>

namespace parley {
namespace {

constexpr TimePoint start = TimePoint{} + 10h;

TEST(RecentConnections, knows_who_has_left_for_five_minutes) {
  RecentConnections recent;
  recent.ended("room", "alice", start);

  EXPECT_TRUE(recent.contains("room", "alice", start));
  EXPECT_TRUE(recent.contains("room", "alice", start + 5min));
  EXPECT_FALSE(recent.contains("room", "alice", start + 5min + 1s));
}

TEST(RecentConnections, knows_nobody_else) {
  RecentConnections recent;
  recent.ended("room", "alice", start);

  EXPECT_FALSE(recent.contains("room", "bob", start));
  EXPECT_FALSE(recent.contains("alice", "room", start));
  EXPECT_FALSE(RecentConnections().contains("", "", TimePoint{}));
}

TEST(RecentConnections, the_last_end_counts) {
  RecentConnections recent;
  recent.ended("room", "alice", start);
  recent.ended("room", "alice", start + 4min);

  EXPECT_TRUE(recent.contains("room", "alice", start + 8min));
}

TEST(RecentConnections, forgets_the_oldest_when_more_leave_than_it_has_places) {
  RecentConnections recent;
  const auto leave = [&](int from, int to, TimePoint now) {
    for (int i = from; i < to; ++i) recent.ended("room", std::to_string(i), now);
  };
  const auto known = [&](int from, int to, TimePoint now) {
    int count = 0;
    for (int i = from; i < to; ++i) count += recent.contains("room", std::to_string(i), now);
    return count;
  };

  leave(0, 100'000, start);
  leave(100'000, 120'000, start + 10s);

  EXPECT_LE(known(0, 100'000, start + 10s), 65'536);
  EXPECT_GT(known(100'000, 120'000, start + 10s), 19'000);
}

}  // namespace
}  // namespace parley
