// When a server says that it lives; and that servers find one another by it, soon and without a
// storm.

#include "chat/heartbeat.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "chat/fleet_watch.h"
#include "chat/testing/packets.h"

namespace parley {
namespace {

TEST(Heartbeat, says_at_once_who_has_come_and_asks_and_then_every_three_seconds_only_says_so) {
  Heartbeat heartbeat;
  EXPECT_EQ(heartbeat.due(), never);
  heartbeat.begin(at(0s));

  EXPECT_TRUE(heartbeat.take(at(0s))->is_question);
  EXPECT_EQ(heartbeat.due(), at(3s));
  EXPECT_FALSE(heartbeat.take(at(2999ms)));
  EXPECT_FALSE(heartbeat.take(at(3s))->is_question);

  heartbeat.begin(at(4s));  // after a gap
  EXPECT_TRUE(heartbeat.take(at(4s))->is_question);
}

TEST(Heartbeat, answers_at_once_and_all_who_ask_soon_after_with_one_word) {
  Heartbeat heartbeat;
  heartbeat.begin(at(0s));
  heartbeat.take(at(0s));

  EXPECT_TRUE(heartbeat.asked(at(1s)));
  EXPECT_FALSE(heartbeat.take(at(1s))->is_question);
  EXPECT_TRUE(heartbeat.asked(at(1001ms)));
  EXPECT_FALSE(heartbeat.asked(at(1002ms)));
  EXPECT_EQ(heartbeat.due(), at(1250ms));
  EXPECT_FALSE(heartbeat.take(at(1249ms)));
  EXPECT_TRUE(heartbeat.take(at(1250ms)));
  EXPECT_EQ(heartbeat.due(), at(4250ms));
}

/// Servers that start when they are told to, and hear each other's words a little later.
class Servers {
 public:
  explicit Servers(std::size_t count) : servers_(count) {}

  void start(std::size_t server, Duration when) { servers_[server].starts = at(when); }
  void run(Duration until) {
    for (; elapsed_ <= until; elapsed_ += 1ms) step(at(elapsed_));
  }

  [[nodiscard]] bool all_know_all() const {
    return std::ranges::all_of(
        servers_, [this](const Server& one) { return one.watch.size() == servers_.size() - 1; });
  }
  [[nodiscard]] std::size_t most_words() const {
    return std::ranges::max(servers_, {}, &Server::words).words;
  }

 private:
  struct Server {
    TimePoint starts = never;
    Heartbeat heartbeat;
    FleetWatch watch;
    std::size_t words = 0;
  };

  void step(TimePoint now) {
    for (auto [from, end] = arriving_.equal_range(now); from != end; ++from) {
      const auto& [speaker, alive] = from->second;
      for (std::size_t i = 0; i < servers_.size(); ++i)
        if (i != speaker && servers_[i].starts <= now) hear(servers_[i], speaker, alive, now);
    }
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      Server& server = servers_[i];
      if (server.starts == now) server.heartbeat.begin(now);
      const auto alive = server.heartbeat.take(now);
      if (!alive) continue;
      ++server.words;
      arriving_.emplace(now + Millis(1 + random_() % 20), std::pair(i, *alive));
    }
  }
  static void hear(Server& server, std::size_t speaker, fleet::Alive alive, TimePoint now) {
    server.watch.heard_alive({speaker + 1}, alive.is_question, now);
    if (alive.is_question) server.heartbeat.asked(now);
  }

  std::vector<Server> servers_;
  std::multimap<TimePoint, std::pair<std::size_t, fleet::Alive>> arriving_;
  std::minstd_rand random_{7};
  Duration elapsed_{};
};

TEST(Heartbeat, a_newcomer_and_the_others_know_one_another_within_the_time_of_two_messages) {
  Servers servers(4);
  for (std::size_t i = 0; i < 3; ++i) servers.start(i, i * 700ms);
  servers.start(3, 10'100ms);
  servers.run(10'099ms);
  EXPECT_FALSE(servers.all_know_all());

  servers.run(10'141ms);

  EXPECT_TRUE(servers.all_know_all());
}

TEST(Heartbeat, a_hundred_servers_that_start_together_need_two_words_each) {
  Servers servers(100);
  for (std::size_t i = 0; i < 100; ++i) servers.start(i, i * 1ms);

  servers.run(500ms);

  EXPECT_TRUE(servers.all_know_all());
  EXPECT_EQ(servers.most_words(), 2u);
}

TEST(Heartbeat, a_hundred_servers_that_come_one_after_another_say_four_words_a_second_at_most) {
  Servers servers(100);
  for (std::size_t i = 0; i < 100; ++i) servers.start(i, i * 50ms);

  servers.run(5300ms);

  EXPECT_TRUE(servers.all_know_all());
  EXPECT_LE(servers.most_words(), 1u + 22u);
}

}  // namespace
}  // namespace parley
