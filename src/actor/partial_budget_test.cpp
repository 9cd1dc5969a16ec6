#include "actor/partial_budget.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace parley {
namespace {

constexpr std::size_t longest = 100;

// Sessions with a share each; `told` is who was given room, in that order.
struct PartialBudgetTest : testing::Test {
  struct Session final : PartialBudget::Share::Owner {
    Session(PartialBudgetTest& test, std::string its_name)
        : told(test.told), name(std::move(its_name)), share(test.budget, *this) {}
    void on_room() override { told.push_back(name); }

    std::vector<std::string>& told;
    std::string name;
    PartialBudget::Share share;
  };

  ShardStats stats;
  PartialBudget budget{{.bytes_max = 250, .message_bytes_max = longest}, stats};
  std::vector<std::string> told;
  Session a{*this, "a"}, b{*this, "b"}, c{*this, "c"}, d{*this, "d"};
};

using Names = std::vector<std::string>;

TEST_F(PartialBudgetTest, gives_room_until_none_is_left_and_then_to_who_waits) {
  EXPECT_TRUE(a.share.ask(100));
  EXPECT_TRUE(b.share.ask(100));
  EXPECT_FALSE(budget.is_short());
  EXPECT_FALSE(c.share.ask(90));
  EXPECT_TRUE(c.share.waits());
  EXPECT_TRUE(budget.is_short());
  EXPECT_EQ(stats.partial_bytes.read(), 200u);
  EXPECT_EQ(stats.partial_waits.read(), 1u);

  a.share.give_back();

  EXPECT_EQ(told, Names{"c"});
  EXPECT_EQ(c.share.bytes(), 90u);
  EXPECT_FALSE(budget.is_short());
  EXPECT_EQ(stats.partial_bytes.read(), 190u);
}

TEST_F(PartialBudgetTest, gives_room_to_the_shortest_first_and_then_in_order) {
  EXPECT_TRUE(a.share.ask(100));
  EXPECT_TRUE(b.share.ask(51));
  EXPECT_FALSE(c.share.ask(100));
  EXPECT_FALSE(d.share.ask(60));
  Session e{*this, "e"};
  EXPECT_FALSE(e.share.ask(100));

  b.share.give_back();
  EXPECT_EQ(told, Names{"d"});
  d.share.give_back();
  EXPECT_EQ(told, (Names{"d", "c"}));
  a.share.give_back();

  EXPECT_EQ(told, (Names{"d", "c", "e"}));
}

TEST_F(PartialBudgetTest, gives_room_to_a_short_one_beside_long_ones_that_wait) {
  EXPECT_TRUE(a.share.ask(100));
  EXPECT_TRUE(b.share.ask(100));
  EXPECT_FALSE(c.share.ask(100));

  EXPECT_TRUE(d.share.ask(50));
}

TEST_F(PartialBudgetTest, lets_one_grow_to_the_longest_when_all_hold_a_part) {
  EXPECT_TRUE(a.share.ask(50));
  EXPECT_TRUE(b.share.ask(50));
  EXPECT_TRUE(c.share.ask(50));

  EXPECT_TRUE(b.share.ask(80));  // has the right of way, and leaves its part to the others
  EXPECT_TRUE(a.share.ask(100));
  EXPECT_FALSE(c.share.ask(100));
  EXPECT_TRUE(b.share.ask(100));
  EXPECT_EQ(stats.partial_bytes.read(), 250u);

  b.share.give_back();
  EXPECT_EQ(told, Names{"c"});
}

TEST_F(PartialBudgetTest, forgets_who_ends_while_it_holds_or_waits) {
  EXPECT_TRUE(a.share.ask(100));
  EXPECT_TRUE(b.share.ask(100));
  {
    Session e{*this, "e"};
    EXPECT_FALSE(e.share.ask(100));
  }
  EXPECT_FALSE(budget.is_short());
  b.share.give_back();
  b.share.give_back();
  a.share.give_back();

  EXPECT_EQ(told, Names{});
  EXPECT_EQ(stats.partial_bytes.read(), 0u);
}

TEST_F(PartialBudgetTest, holds_one_longest_message_at_least) {
  PartialBudget small{{.bytes_max = 10, .message_bytes_max = longest}, stats};
  PartialBudget::Share share{small, a};

  EXPECT_TRUE(share.ask(longest));
}

TEST_F(PartialBudgetTest, gives_long_messages_more_time) {
  const PartialBudget timed{{.time = 2s}, stats};

  EXPECT_EQ(timed.time_for(0), 2s);
  EXPECT_EQ(timed.time_for(std::size_t{320} * 1024), 3s);
  EXPECT_EQ(timed.time_for(std::size_t{1280} * 1024), 6s);
}

// Whatever sessions ask for, in pieces: the bound holds, and as long as those who do not wait go
// on, everybody's message becomes whole.
TEST_F(PartialBudgetTest, never_comes_to_a_stop) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](std::size_t bound) { return random() % bound; };
    std::vector<std::unique_ptr<Session>> sessions;
    for (int i = 0; i < 12; ++i) sessions.push_back(std::make_unique<Session>(*this, "x"));

    for (int step = 0; !sessions.empty(); ++step) {
      ASSERT_LT(step, 100'000) << "seed " << seed;
      const std::size_t i = below(sessions.size());
      PartialBudget::Share& share = sessions[i]->share;
      if (share.waits()) continue;
      if (share.bytes() == longest)
        sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(i));
      else
        (void)share.ask(share.bytes() + 1 + below(longest - share.bytes()));
      ASSERT_LE(stats.partial_bytes.read(), 250u);
    }

    EXPECT_FALSE(budget.is_short());
    EXPECT_EQ(stats.partial_bytes.read(), 0u);
  }
}

}  // namespace
}  // namespace parley
