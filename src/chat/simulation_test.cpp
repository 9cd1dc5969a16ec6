// Everything of floor 2 at once, in virtual time; see testing/simulation.h for what must hold.
//
// Without further ado a few dozen seeds run. One seed again, or many from there on:
//   chat_test --gtest_filter='Simulation.*' --gtest_shuffle --gtest_random_seed=SEED
//   [--gtest_repeat=N]

#include "chat/testing/simulation.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>

namespace parley::simulated {
namespace {

constexpr std::uint32_t seeds = 40;

std::uint32_t running_seed = 0;

/// A check() of the product ends the process: say with which seed.
void say_seed(int) {
  std::fprintf(stderr, "the simulation ended with seed %u\n", running_seed);
  std::signal(SIGABRT, SIG_DFL);
}

class SeededChoices final : public Choices {
 public:
  explicit SeededChoices(std::uint32_t seed) : random_(seed) {}
  std::uint32_t below(std::uint32_t limit) override {
    return static_cast<std::uint32_t>(random_()) % limit;
  }

 private:
  std::mt19937 random_;
};

/// What the seeds together have shown, so that a script that does nothing is noticed.
struct Totals {
  std::size_t sessions = 0;
  std::size_t resumed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t congestion_notices = 0;
};

void run_seed(std::uint32_t seed, Totals& totals) {
  running_seed = seed;
  SeededChoices choices(seed);
  Shape shape;
  shape.seed = seed + 1'000'000;
  shape.shards = static_cast<ShardIndex>(1 + seed % 4);
  shape.rooms = 1 + seed % 5;
  shape.steps = 3000;
  shape.open_max = 20 + seed % 7 * 15;

  Simulation simulation(shape, choices);
  simulation.run();

  for (const std::string& sentence : simulation.faults())
    ADD_FAILURE() << "seed " << seed << ": " << sentence;
  totals.sessions += simulation.sessions();
  totals.resumed += simulation.resumed();
  totals.dropped += simulation.dropped();
  totals.congestion_notices += simulation.congestion_notices();
}

TEST(Simulation, keeps_every_promise) {
  const int given = testing::UnitTest::GetInstance()->random_seed();
  const auto asked = GTEST_FLAG_GET(shuffle) ? static_cast<std::uint32_t>(given) : 0;
  const auto previous = std::signal(SIGABRT, say_seed);
  Totals totals;

  if (asked != 0) {
    run_seed(asked, totals);
  } else {
    for (std::uint32_t seed = 1; seed <= seeds && !HasFailure(); ++seed) run_seed(seed, totals);
    if (HasFailure()) return;
    EXPECT_GT(totals.sessions, seeds * 100u);
    EXPECT_GT(totals.resumed, seeds * 10u);
    EXPECT_GT(totals.dropped, seeds * 100u);
    EXPECT_GT(totals.congestion_notices, seeds);
  }

  std::signal(SIGABRT, previous);
}

}  // namespace
}  // namespace parley::simulated
