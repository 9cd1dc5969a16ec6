// Several servers under random joins, losses, resumes and delays: whatever happens in between, each
// JOINED is followed by one LEFT, nobody waits for ever, and in the end all servers know the same.
// Also when rosters go in parts, some of which are lost; and in the end also when servers are cut
// off for a while.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "chat/testing/fleet_world.h"

namespace parley {
namespace {

enum class Trouble : std::uint8_t { none, lost_rosters, splits };

/// One run, made of its seed.
class FleetRun {
 public:
  explicit FleetRun(unsigned seed, Trouble trouble = Trouble::none)
      : random_(seed), fleet_(servers, shards), trouble_(trouble) {
    if (trouble_ == Trouble::lost_rosters) fleet_.broker.roster_bytes_max = 1;
    for (std::size_t i = 0; i < servers; ++i)
      witnesses_.push_back(&fleet_.join_active("witness" + std::to_string(i), i));
    fleet_.pass(1s);
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (std::size_t i = 0; i < servers; ++i)
      if (fleet_.is_cut_off(i)) fleet_.connect(i);
    settle(4s);
    for (const TestClient* client : clients_)
      if (!client->end_reason && !client->logic.wants_messages()) ++waiting_;
    for (TestClient* client : clients_)
      if (!client->end_reason) client->leave();
    settle(40s);
  }

  /// JOINED minus LEFT that a witness heard of each user who is no witness.
  std::map<std::string, int> balance(std::size_t witness) {
    hear(witness);
    return balances_[witness];
  }
  std::string heard(std::size_t witness) const { return heard_[witness]; }
  /// Whom the newest member sees on that server.
  Lines roster(std::size_t server) {
    Lines lines = fleet_.join("newest", server).read();
    lines.erase(lines.begin(), lines.begin() + 2);
    std::ranges::sort(lines);
    return lines;
  }

  [[nodiscard]] std::size_t lost() const { return lost_; }
  /// Clients that the server did not read, when everything had arrived.
  [[nodiscard]] std::size_t waiting() const { return waiting_; }

  static constexpr std::size_t servers = 3;
  static constexpr ShardIndex shards = 2;

 private:
  void step() {
    switch (pick(12)) {
      case 0:
      case 1:
        join();
        break;
      case 2:
      case 3:
        if (TestClient* const client = anybody()) client->send(media_wrapper(MediaType::audio));
        break;
      case 4:
        if (TestClient* const client = anybody()) client->leave(), forget(client);
        break;
      case 5:
        fleet_.pass_only(Millis(pick(900)));
        break;
      default:
        fleet_.deliver_one(pick(servers), pick(3));
    }
    if (trouble_ == Trouble::lost_rosters) lose_something();
    if (trouble_ == Trouble::splits) split_or_heal();
    for (std::size_t i = 0; i < servers; ++i) hear(i);
  }

  /// Everything arrives, and what was lost is made up for.
  void settle(Duration duration) {
    for (Duration passed{}; passed < duration; passed += 1s) {
      fleet_.deliver();
      make_up_for_losses();
      fleet_.pass(1s);
    }
  }

  void split_or_heal() {
    if (pick(20) != 0) return;
    const std::size_t server = pick(servers);
    if (!fleet_.is_cut_off(server))
      fleet_.cut_off(server);
    else if (pick(2) == 0)
      fleet_.notice_silence(server);
    else
      fleet_.connect(server);
  }

  void lose_something() {
    const std::size_t server = pick(servers);
    const std::size_t fate = pick(12);
    if (fate == 0) fleet_.ask_anew(server);
    if (fate == 1) make_up_for_losses();
    if (fate > 1 || !fleet_.lose_roster_part(server)) return;
    has_lost_[server] = true;
    ++lost_;
  }
  /// A bus that has noticed a loss has its servers ask anew.
  void make_up_for_losses() {
    for (std::size_t i = 0; i < servers; ++i)
      if (std::exchange(has_lost_[i], false)) fleet_.ask_anew(i);
  }

  void join() {
    const auto user = static_cast<std::uint8_t>(pick(3));
    std::optional<std::uint8_t> secret;
    if (pick(2) == 0) secret = static_cast<std::uint8_t>(user + 1);
    clients_.push_back(&fleet_[pick(servers)].join("user" + std::to_string(user),
                                                   static_cast<ShardIndex>(pick(shards)), secret));
  }

  TestClient* anybody() {
    std::erase_if(clients_,
                  [](const TestClient* client) { return client->end_reason.has_value(); });
    return clients_.empty() ? nullptr : clients_[pick(clients_.size())];
  }
  void forget(const TestClient* client) { std::erase(clients_, client); }

  void hear(std::size_t witness) {
    for (const std::string& line : witnesses_[witness]->read()) {
      const std::string user = line.substr(line.rfind(' ') + 1);
      if (!user.starts_with("user")) continue;
      if (line.starts_with("joined")) ++balances_[witness][user];
      if (line.starts_with("left")) --balances_[witness][user];
      if (line.starts_with("joined") || line.starts_with("left")) heard_[witness] += line + "; ";
    }
  }

  std::size_t pick(std::size_t below) { return random_() % below; }

  std::mt19937 random_;
  FleetWorld fleet_;
  const Trouble trouble_;
  bool has_lost_[servers] = {};
  std::size_t lost_ = 0;
  std::size_t waiting_ = 0;
  std::vector<TestClient*> witnesses_;
  std::vector<TestClient*> clients_;
  std::map<std::string, int> balances_[servers];
  std::string heard_[servers];
};

void expect_agreement(FleetRun& run, unsigned seed) {
  ASSERT_EQ(run.waiting(), 0u) << seed;
  for (std::size_t i = 0; i < FleetRun::servers; ++i)
    ASSERT_EQ(run.roster(i),
              (Lines{"joined 1 witness0", "joined 101 witness1", "joined 201 witness2"}))
        << "on server " << i << " with seed " << seed;
}

void expect_balance_and_agreement(FleetRun& run, unsigned seed) {
  for (std::size_t i = 0; i < FleetRun::servers; ++i)
    for (const auto& [user, count] : run.balance(i))
      ASSERT_EQ(count, 0) << user << " as heard on server " << i << " with seed " << seed << ": "
                          << run.heard(i);
  expect_agreement(run, seed);
}

TEST(FleetSimulation, every_joined_is_followed_by_one_left_and_all_servers_agree) {
  for (unsigned seed = 1; seed <= 1000; ++seed) {
    FleetRun run(seed);
    run.run(150);

    ASSERT_NO_FATAL_FAILURE(expect_balance_and_agreement(run, seed));
  }
}

TEST(FleetSimulation, also_when_rosters_come_in_parts_and_some_of_them_are_lost) {
  std::size_t lost = 0;
  for (unsigned seed = 1; seed <= 500; ++seed) {
    FleetRun run(seed, Trouble::lost_rosters);
    run.run(150);
    lost += run.lost();

    ASSERT_NO_FATAL_FAILURE(expect_balance_and_agreement(run, seed));
  }
  EXPECT_GT(lost, 500u);
}

TEST(FleetSimulation, after_splits_all_servers_agree_and_nobody_waits) {
  // What is heard meanwhile on the two sides of a split need not balance.
  for (unsigned seed = 1; seed <= 500; ++seed) {
    FleetRun run(seed, Trouble::splits);
    run.run(150);

    ASSERT_NO_FATAL_FAILURE(expect_agreement(run, seed));
  }
}

}  // namespace
}  // namespace parley
