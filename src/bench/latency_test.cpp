#include "bench/latency.h"

#include <gtest/gtest.h>

#include <memory>

namespace parley::bench {
namespace {

TEST(Latency, is_zero_without_samples) {
  const auto latency = std::make_unique<Latency>();

  EXPECT_EQ(latency->quantile(0.5), Duration::zero());
  EXPECT_EQ(latency->max(), Duration::zero());
}

TEST(Latency, finds_quantiles_to_within_two_percent) {
  const auto latency = std::make_unique<Latency>();
  for (int i = 1; i <= 100'000; ++i) latency->record(Duration(i * 1000));

  const auto nanos = [&latency](double q) {
    return static_cast<double>(latency->quantile(q).count());
  };
  EXPECT_NEAR(nanos(0.5), 50e6, 1e6);
  EXPECT_NEAR(nanos(0.99), 99e6, 2e6);
  EXPECT_NEAR(nanos(0.999), 99.9e6, 2e6);
}

TEST(Latency, keeps_the_maximum_exactly_and_never_reports_more) {
  const auto latency = std::make_unique<Latency>();
  latency->record(123'456'789ns);

  EXPECT_EQ(latency->max(), 123'456'789ns);
  EXPECT_EQ(latency->quantile(1), 123'456'789ns);
}

TEST(Latency, takes_the_shortest_and_the_longest_durations) {
  const auto latency = std::make_unique<Latency>();
  latency->record(-5ns);
  latency->record(0ns);
  latency->record(1ns);
  latency->record(24h);

  EXPECT_EQ(latency->count(), 4U);
  EXPECT_EQ(latency->quantile(0.5), 0ns);
  EXPECT_EQ(latency->quantile(0.75), 1ns);
  EXPECT_EQ(latency->max(), 24h);
}

TEST(Latency, merges_the_samples_of_another) {
  const auto fast = std::make_unique<Latency>();
  const auto slow = std::make_unique<Latency>();
  for (int i = 0; i < 90; ++i) fast->record(1ms);
  for (int i = 0; i < 10; ++i) slow->record(100ms);

  fast->merge(*slow);

  EXPECT_EQ(fast->count(), 100U);
  EXPECT_LT(fast->quantile(0.9), 2ms);
  EXPECT_GT(fast->quantile(0.91), 90ms);
}

}  // namespace
}  // namespace parley::bench
