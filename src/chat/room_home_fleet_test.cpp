// The truth about a room over several servers: one meeting, one roster, each event once.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "chat/testing/fleet_world.h"

namespace parley {
namespace {

const std::string started_by_alice = "started 1770000000000 by alice";
const Lines nothing;

// Meeting and roster.

TEST(RoomHomeFleet, a_meeting_has_one_start_one_creator_and_one_roster) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  fleet.pass(10s);

  TestClient& bob = fleet.join("bob", 1);
  EXPECT_EQ(bob.read(), (Lines{"assigned 101", started_by_alice, "joined 1 alice"}));
  bob.activate();
  fleet.deliver();

  EXPECT_EQ(bob.read(), Lines{"joined 101 bob"});
  EXPECT_EQ(alice.read(), Lines{"joined 101 bob"});
  EXPECT_EQ(fleet.join("carol", 0).read(),
            (Lines{"assigned 2", started_by_alice, "joined 1 alice", "joined 101 bob"}));
}

TEST(RoomHomeFleet, rosters_hold_over_shards_too) {
  FleetWorld fleet(3, 2);
  fleet.join_active("alice", 0);
  fleet[1].join_active("bob", 1);
  fleet.deliver();
  fleet.read_all();

  EXPECT_EQ(fleet.join("carol", 2).read(),
            (Lines{"assigned 201", started_by_alice, "joined 1 alice", "joined 101 bob"}));
}

TEST(RoomHomeFleet, of_two_servers_that_begin_together_the_earlier_claim_counts) {
  FleetWorld fleet;
  TestClient& alice = fleet[0].join("alice");
  fleet[1].now.unix.count += 1;
  TestClient& bob = fleet[1].join("bob");
  fleet.deliver();

  EXPECT_EQ(alice.read(), (Lines{"assigned 1", started_by_alice}));
  EXPECT_EQ(bob.read(), (Lines{"assigned 101", started_by_alice}));
}

TEST(RoomHomeFleet, nobody_waits_longer_than_a_tenth_of_a_second_for_an_answer) {
  FleetWorld fleet;
  fleet.join_active("alice", 0);
  TestClient& bob = fleet[1].join("bob");  // the question is on its way
  EXPECT_EQ(bob.read(), nothing);

  fleet[1].pass(99ms);
  EXPECT_EQ(bob.read(), nothing);
  fleet[1].pass(1ms);
  EXPECT_EQ(bob.read()[0], "assigned 101");
}

TEST(RoomHomeFleet, without_a_bus_nobody_waits_at_all) {
  FleetWorld fleet;
  fleet.port(0).is_connected = false;

  EXPECT_EQ(fleet[0].join("alice").read(), (Lines{"assigned 1", started_by_alice}));
}

TEST(RoomHomeFleet, who_leaves_while_the_others_are_asked_is_not_missed) {
  FleetWorld fleet;
  TestClient& alice = fleet[0].join("alice");
  alice.leave();
  fleet[0].pass(1s);
  fleet.deliver();

  EXPECT_EQ(fleet[0].servers[0]->homes(), 0u);
  EXPECT_EQ(fleet.join("bob", 1).read(), (Lines{"assigned 101", "started 1770000000000 by bob"}));
}

TEST(RoomHomeFleet, observers_elsewhere_are_told_when_the_meeting_starts) {
  FleetWorld fleet;
  TestClient& olga = fleet.join("olga", 1, std::nullopt, Role::observer);
  EXPECT_EQ(olga.read(), (Lines{"assigned 101", "started 1770000000000 by "}));
  fleet.pass(5s);

  fleet.join("alice", 0);

  EXPECT_EQ(olga.read(), Lines{"started 1770000005000 by alice"});
}

// Packets.

TEST(RoomHomeFleet, packets_reach_the_others_once_and_their_sender_never) {
  FleetWorld fleet(3, 2);
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  TestClient& carol = fleet[2].join_active("carol", 1);
  fleet.deliver();
  fleet.read_all();

  alice.send(media_wrapper(MediaType::audio, {}, "alice"));
  fleet.deliver();

  EXPECT_EQ(bob.read(), Lines{"media 2 from alice"});
  EXPECT_EQ(carol.read(), Lines{"media 2 from alice"});
  EXPECT_EQ(alice.read(), nothing);
}

TEST(RoomHomeFleet, a_keyframe_is_asked_of_the_one_it_is_wanted_from_wherever_he_is) {
  FleetWorld fleet(3);
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  TestClient& carol = fleet.join_active("carol", 2);

  alice.send(media_wrapper(MediaType::keyframe_request, {}, "alice", 20, "bob"));
  fleet.deliver();

  EXPECT_EQ(bob.read(), Lines{"media 6 from alice"});
  EXPECT_EQ(carol.read(), nothing);
}

TEST(RoomHomeFleet, a_sender_elsewhere_is_told_that_he_sends_too_much) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  fleet[1].settings.outbox.bytes = 4096;
  TestClient& slow = fleet.join_active("slow", 1);

  for (int i = 0; i < 30; ++i) alice.send(media_wrapper(MediaType::video, "key", "alice", 1000));
  fleet.deliver();
  slow.logic.on_flushed(false, true, fleet[1].now);
  fleet.deliver();

  EXPECT_EQ(alice.read(), Lines{"congestion 1 by slow"});
}

TEST(RoomHomeFleet, only_shared_rooms_go_out_if_so_asked) {
  FleetWorld fleet;
  fleet.port(0).always = fleet.port(1).always = false;
  TestClient& alice = fleet.join_active("alice", 0);
  alice.send(media_wrapper(MediaType::audio));
  EXPECT_EQ(fleet.port(0).published, 0u);

  TestClient& bob = fleet.join_active("bob", 1);
  alice.send(media_wrapper(MediaType::audio, {}, "alice"));
  fleet.deliver();
  EXPECT_EQ(bob.read(), Lines{"media 2 from alice"});
  const std::size_t published = fleet.port(0).published;

  bob.leave();
  fleet.pass(2s);
  alice.send(media_wrapper(MediaType::audio));
  EXPECT_EQ(fleet.port(0).published, published);
}

// Coming and going.

TEST(RoomHomeFleet, a_leave_is_told_everywhere_once_when_the_grace_is_over) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);

  alice.leave();
  fleet.pass(1999ms);
  EXPECT_EQ(bob.read(), nothing);
  fleet.pass(1ms);

  EXPECT_EQ(bob.read(), Lines{"left 1 alice"});
  EXPECT_EQ(fleet.join("carol", 1).read(),
            (Lines{"assigned 102", started_by_alice, "joined 101 bob"}));
}

TEST(RoomHomeFleet, a_reconnect_to_another_server_is_not_seen) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  TestClient& before = fleet.join_active("alice", 0);

  before.leave();
  fleet.pass(1s);
  TestClient& late = fleet.join("late", 2);
  late.read();
  fleet.join("alice", 1).activate();
  fleet.deliver();
  fleet.pass(10s);

  EXPECT_EQ(witness.read(), nothing);
  EXPECT_EQ(late.read(), Lines{"joined 101 alice"});
}

TEST(RoomHomeFleet, a_departure_waits_for_a_session_that_tests_on_another_server) {
  FleetWorld fleet;
  TestClient& witness = fleet.join_active("witness", 0);
  fleet.join_active("alice", 0).leave();
  TestClient& tests = fleet.join("alice", 1);

  fleet.pass(10s);
  EXPECT_EQ(witness.read(), nothing);
  tests.leave();
  fleet.deliver();

  fleet.pass(1ms);
  EXPECT_EQ(witness.read(), Lines{"left 2 alice"});
}

TEST(RoomHomeFleet, who_succeeds_a_departure_whose_leave_is_on_the_way_is_announced_after_it) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  fleet.join_active("alice", 0).leave();
  fleet.deliver();
  fleet.pass(1s);
  TestClient& again = fleet[1].join("alice");  // server 0 does not hear of it in time
  again.activate();
  fleet[0].pass(1s);
  fleet.deliver();
  fleet.pass(100ms);

  const Lines seen = witness.read();

  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), "joined 101 alice");
  const Lines late = fleet.join("late", 0).read();
  EXPECT_EQ(std::ranges::count(late, "joined 101 alice"), 1);
}

// Resuming.

TEST(RoomHomeFleet, a_session_that_departs_is_resumed_on_another_server) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  fleet.pass(1s);
  fleet.join_active("alice", 0, 7).leave();
  fleet.pass(1s);

  TestClient& again = fleet.join("alice", 1, 7);
  EXPECT_EQ(again.read(),
            (Lines{"assigned 1", "started 1770000000000 by witness", "joined 201 witness"}));
  again.send(media_wrapper(MediaType::audio, {}, "alice"));
  fleet.deliver();

  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
  fleet.pass(10s);
  EXPECT_EQ(witness.read(), nothing);
  again.leave();
  fleet.pass(2s);
  EXPECT_EQ(witness.read(), Lines{"left 1 alice"});
}

TEST(RoomHomeFleet, a_living_session_moves_to_another_server_with_the_first_packet) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  TestClient& before = fleet.join_active("alice", 0, 7);
  TestClient& after = fleet.join("alice", 1, 7);
  after.read();
  EXPECT_FALSE(before.end_reason);

  after.send(media_wrapper(MediaType::audio, {}, "alice"));
  fleet.deliver();

  EXPECT_EQ(before.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
  fleet.pass(10s);
  EXPECT_EQ(witness.read(), nothing);
}

TEST(RoomHomeFleet, a_session_that_goes_while_it_is_resumed_departs_on_the_new_server) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  fleet.join_active("alice", 0, 7);
  TestClient& after = fleet[1].join("alice", 0, 7);
  fleet.deliver();
  after.send(media_wrapper(MediaType::audio, {}, "alice"));
  after.leave();
  fleet.deliver();

  fleet.pass(2s);
  EXPECT_EQ(witness.read(), Lines{"left 1 alice"});
}

TEST(RoomHomeFleet, a_session_waits_for_its_old_connection_on_a_server_that_dies) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  fleet.join_active("alice", 0, 7);
  TestClient& after = fleet.join("alice", 1, 7);
  after.read();

  fleet.kill(0);
  after.send(media_wrapper(MediaType::audio, {}, "alice"));
  fleet.deliver();
  fleet.pass(10s);

  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
}

// Servers that come and go.

TEST(RoomHomeFleet, the_members_of_a_server_that_dies_leave_once) {
  FleetWorld fleet(3);
  fleet.join_active("alice", 0);
  fleet.join("tests", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  TestClient& carol = fleet.join_active("carol", 2);

  fleet.kill(0);
  EXPECT_EQ(bob.read(), nothing);
  fleet.pass(2s);

  EXPECT_EQ(bob.read(), Lines{"left 1 alice"});
  EXPECT_EQ(carol.read(), Lines{"left 1 alice"});
  EXPECT_EQ(fleet.join("late", 2).read(),
            (Lines{"assigned 202", started_by_alice, "joined 101 bob", "joined 201 carol"}));
}

TEST(RoomHomeFleet, a_server_that_ends_leaves_its_departures_to_the_others) {
  FleetWorld fleet(3);
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  TestClient& carol = fleet.join_active("carol", 2);

  alice.leave();
  fleet[0].servers[0]->leave_fleet(fleet[0].now);
  fleet.deliver();
  fleet.port(0).is_connected = false;
  fleet.pass(2s);

  EXPECT_EQ(bob.read(), Lines{"left 1 alice"});
  EXPECT_EQ(carol.read(), Lines{"left 1 alice"});
}

TEST(RoomHomeFleet, a_fleet_that_was_split_is_one_again) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  fleet.kill(1);
  fleet[1].servers[0]->on_server_silent({1}, fleet[1].now);
  fleet.pass(2s);
  EXPECT_EQ(alice.read(), Lines{"left 101 bob"});
  EXPECT_EQ(bob.read(), Lines{"left 1 alice"});

  fleet.reconnect(1);

  EXPECT_EQ(alice.read(), Lines{"joined 101 bob"});
  EXPECT_EQ(bob.read(), Lines{"joined 1 alice"});
  EXPECT_EQ(fleet.join("carol", 1).read(),
            (Lines{"assigned 102", started_by_alice, "joined 101 bob", "joined 1 alice"}));
}

TEST(RoomHomeFleet, a_split_that_heals_in_time_is_not_seen) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  fleet.pass(1s);
  fleet.kill(1);
  fleet[1].servers[0]->on_server_silent({1}, fleet[1].now);
  fleet.pass(1s);

  fleet.reconnect(1);
  fleet.pass(10s);

  EXPECT_EQ(alice.read(), nothing);
  EXPECT_EQ(bob.read(), nothing);
}

/// Server 0 with Alice is taken for dead, but she lives.
struct RoomHomeFleetHeirTest : testing::Test {
  FleetWorld fleet{3};
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);  // on the heir
  TestClient& carol = fleet.join_active("carol", 2);

  RoomHomeFleetHeirTest() {
    fleet.pass(1s);
    fleet.kill(0);
  }
  std::ptrdiff_t times_listed(std::size_t server) {
    return std::ranges::count(fleet.join("late", server).read(), "joined 1 alice");
  }
};

TEST_F(RoomHomeFleetHeirTest,
       who_lives_is_known_to_those_who_heard_of_the_departure_from_the_heir) {
  fleet.ask_anew(1);  // server 1 lists it as its own
  fleet.deliver();

  fleet.reconnect(0);
  fleet.ask_anew(1);
  fleet.deliver();
  fleet.pass(10s);

  EXPECT_EQ(carol.read(), nothing);
  EXPECT_EQ(times_listed(2), 1);
}

TEST_F(RoomHomeFleetHeirTest, who_lives_comes_back_though_the_heir_has_said_that_she_left) {
  fleet.connect(0);  // which says that Alice is there
  fleet[1].pass_only(2s);
  fleet.deliver();

  EXPECT_EQ(carol.read(), (Lines{"left 1 alice", "joined 1 alice"}));
  EXPECT_EQ(times_listed(1), 1);
}

TEST(RoomHomeFleet, a_session_is_asked_for_again_when_the_bus_was_away) {
  FleetWorld fleet(3);
  TestClient& witness = fleet.join_active("witness", 2);
  fleet.join_active("alice", 0, 7);
  TestClient& after = fleet.join("alice", 1, 7);
  fleet.cut_off(1);
  after.send(media_wrapper(MediaType::audio, {}, "alice"));

  fleet.reconnect(1);

  EXPECT_TRUE(after.logic.wants_messages());
  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
}

TEST(RoomHomeFleet, what_changed_while_the_bus_was_away_is_made_up_for) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);
  fleet.port(1).is_connected = false;
  bob.leave();
  fleet[1].join_active("carol");
  fleet.pass(3s);
  EXPECT_EQ(alice.read(), nothing);

  fleet.reconnect(1);

  EXPECT_EQ(alice.read(), (Lines{"joined 102 carol", "left 101 bob"}));
}

TEST(RoomHomeFleet, nothing_is_left_when_all_have_gone) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 1);

  alice.leave();
  bob.leave();
  fleet.pass(2s);

  for (const std::size_t server : {0u, 1u}) {
    EXPECT_EQ(fleet[server].servers[0]->homes(), 0u);
    EXPECT_TRUE(fleet.port(server).rooms.empty());
  }
}

}  // namespace
}  // namespace parley
