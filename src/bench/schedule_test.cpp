#include "bench/schedule.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley::bench {
namespace {

TEST(Schedule, gives_packets_in_the_order_they_are_due_and_not_before) {
  Schedule schedule({{.rate = 100, .phase = 0ms}, {.rate = 200, .phase = 1ms}});
  std::vector<std::size_t> streams;

  EXPECT_FALSE(schedule.take(-1ns).has_value());
  while (const auto packet = schedule.take(12ms)) streams.push_back(packet->stream);

  EXPECT_EQ(streams, (std::vector<std::size_t>{0, 1, 1, 0, 1}));  // 0, 1, 6, 10, 11 ms
  EXPECT_EQ(schedule.next_due(), 16ms);
}

TEST(Schedule, keeps_its_rate_over_an_hour) {
  Schedule schedule({{.rate = 30, .phase = 0ms}});
  std::uint64_t count = 0;

  while (schedule.take(1h - 1ns)) ++count;

  EXPECT_EQ(count, 30U * 3600);
}

TEST(Schedule, spreads_phases_evenly_over_one_interval) {
  EXPECT_EQ(spread_phase(50, 0, 20), 0ms);
  EXPECT_EQ(spread_phase(50, 1, 20), 1ms);
  EXPECT_EQ(spread_phase(50, 19, 20), 19ms);
}

}  // namespace
}  // namespace parley::bench
