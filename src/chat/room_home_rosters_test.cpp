// Rosters of rooms that are too large for one message.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

#include "chat/testing/fleet_world.h"

namespace parley {
namespace {

/// A server's truth about a room, without its members' outboxes: what thousands hear of one another
/// would be millions of packets.
class LargeRoom final : private NoteSender {
 public:
  LargeRoom(HeldBroker& broker, std::uint64_t self)
      : port_(broker.add({self})),
        last_id_(self * 100'000),
        home_({"room1"}, *this, [this] { return ++last_id_; }, {&port_}) {}

  /// Members with long names.
  void join(std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t i = from; i < from + count; ++i) {
      const std::string name = std::to_string(i) + std::string(id_bytes_max - 5, 'x');
      home_.join({connection(i), {{"room1"}, name, name}, std::nullopt}, now);
    }
  }
  void activate(std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t i = from; i < from + count; ++i) home_.activate(connection(i), now);
  }
  void leave(std::uint64_t member) { home_.gone(connection(member), now); }
  void ask_anew() { home_.on_reconnected(now); }
  void pass(Duration duration) {
    now.monotonic += duration;
    home_.on_deadline(now);
  }
  /// Everything that is on its way, but the `lost` first parts of rosters.
  void hear(std::size_t lost = 0) {
    while (!port_.arriving.empty()) {
      HeldBroker::Item item = std::move(port_.arriving.front());
      port_.arriving.pop_front();
      if (auto* const packet = std::get_if<FleetPacket>(&item))
        home_.on_packet(*packet, now);
      else if (auto* const saying = std::get_if<FleetSaying>(&item))
        hear(saying->message, lost);
      else
        home_.on_nobody_answers(now);
    }
  }
  HeldBroker::Port& port() { return port_; }

  std::size_t welcomed_with = 0;  ///< how many the last newcomer was told of
  std::size_t joined = 0, left = 0;
  Now now = both_at(0s);

 private:
  static ConnectionAt connection(std::uint64_t member) { return {0, {member + 1}}; }

  void hear(const FleetMessage& message, std::size_t& lost) {
    if (lost > 0 && std::holds_alternative<fleet::Roster>(message.what))
      --lost;
    else
      home_.on_saying(message, now);
  }
  void tell(ShardIndex /*to*/, Note note) override {
    if (const auto* const welcome = std::get_if<WelcomeNote>(&note))
      welcomed_with = welcome->welcome.roster.size();
    const auto* const deliver = std::get_if<DeliverNote>(&note);
    if (deliver == nullptr) return;
    const std::string line = Reading(deliver->packet).line();
    joined += line.starts_with("joined") ? 1 : 0;
    left += line.starts_with("left") ? 1 : 0;
  }

  HeldBroker::Port& port_;
  std::uint64_t last_id_;
  RoomHome home_;
};

/// Two servers, with 2 000 active members on the one and a member on the other.
struct TwoServers {
  HeldBroker broker;
  LargeRoom here{broker, 1}, there{broker, 2};

  TwoServers() {
    here.join(0, 2000);
    here.hear();  // nobody answers
    here.activate(0, 2000);
    broker.parts_said = 0;
    there.join(5000, 1);
    settle();
  }
  void settle() {
    here.hear();
    there.hear();
    here.hear();
  }
};

TEST(RoomHomeRosters, two_thousand_members_with_long_names_are_known_elsewhere) {
  TwoServers servers;

  EXPECT_EQ(servers.there.welcomed_with, 2000u);
  EXPECT_GT(servers.broker.parts_said, 50u);
}

TEST(RoomHomeRosters, who_went_while_the_bus_was_away_has_left_and_nobody_else) {
  TwoServers servers;
  servers.here.port().is_connected = false;
  for (const std::uint64_t member : {0u, 777u, 1999u}) servers.here.leave(member);
  servers.here.pass(3s);

  servers.here.port().is_connected = true;
  servers.here.ask_anew();
  servers.settle();

  EXPECT_EQ(servers.there.left, 3u);
  servers.there.join(5001, 1);
  EXPECT_EQ(servers.there.welcomed_with, 1997u);
}

TEST(RoomHomeRosters, a_part_that_is_lost_drops_nobody_and_the_next_roster_makes_up_for_it) {
  TwoServers servers;
  servers.here.port().is_connected = false;
  servers.here.join(2000, 1000);
  servers.here.activate(2000, 1000);
  servers.here.port().is_connected = true;
  const std::size_t joined = servers.there.joined;

  servers.here.ask_anew();
  servers.there.hear(/*lost=*/80);
  EXPECT_EQ(servers.there.left, 0u);
  EXPECT_LT(servers.there.joined, joined + 1000u);
  servers.there.ask_anew();  // as a bus does that has noticed
  servers.settle();

  EXPECT_EQ(servers.there.left, 0u);
  EXPECT_EQ(servers.there.joined, joined + 1000u);
}

TEST(RoomHomeRosters, a_part_says_nothing_about_sessions_outside_of_it) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  const auto stranger = [](std::uint64_t id) {
    return FleetSession{{id}, "user" + std::to_string(id), "name", FleetState::active, {}, {}};
  };
  fleet.broker.say_raw(
      "room1", {{9}, fleet::Roster{false, {}, {stranger(10), stranger(20), stranger(30)}, {}}});
  fleet.deliver();
  fleet[0].read_all();

  fleet.broker.say_raw("room1", {{9}, fleet::Roster{false, {}, {stranger(15)}, {}, {10}, {20}}});
  fleet.deliver();

  EXPECT_EQ(alice.read(), (Lines{"joined 15 user15", "left 20 user20"}));
}

TEST(RoomHomeRosters, who_claims_to_have_a_crowd_fills_no_more_than_the_bound) {
  HeldBroker broker;
  LargeRoom room(broker, 1);
  room.join(0, 1);
  room.hear();
  room.activate(0, 1);
  fleet::Roster crowd;
  for (std::uint64_t id = 1; id <= 11'000; ++id)
    crowd.sessions.push_back({{id}, "u", "n", FleetState::active, {}, {}});
  for (fleet::Roster& part : in_parts(std::move(crowd)))
    broker.say_raw("room1", {{9}, std::move(part)});

  room.hear();

  room.join(1, 1);
  EXPECT_EQ(room.welcomed_with, 10'000u);
}

TEST(RoomHomeRosters, who_names_ever_more_servers_has_a_newcomer_wait_for_no_more_than_a_fleet) {
  HeldBroker broker;
  LargeRoom here(broker, 1), silent(broker, 2);
  silent.join(0, 1);
  here.join(1, 1);
  const auto say = [&](InstanceId from, std::vector<InstanceId> others) {
    const FleetSession member{{from.value}, "u", "n", FleetState::active, {}, {}};
    broker.say_raw("room1", {from, fleet::Roster{false, {}, {member}, std::move(others)}});
  };
  std::vector<InstanceId> fleet;
  for (std::uint64_t id = 10; fleet.size() < fleet_servers_max; ++id) fleet.push_back({id});

  say(fleet[0], fleet);
  say(fleet[0], {{9}});  // which never says anything
  for (const InstanceId server : fleet) say(server, {});
  here.hear();

  EXPECT_EQ(here.welcomed_with, fleet_servers_max);
}

}  // namespace
}  // namespace parley
