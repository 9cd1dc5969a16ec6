// What crosses on its way between servers: sessions that move, claims, and their answers.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "chat/testing/fleet_world.h"

namespace parley {
namespace {

const Lines nothing;

std::string alices_audio() { return media_wrapper(MediaType::audio, {}, "alice"); }

/// Alice's session 1 is on server 0, and Bob's 101 on server 1; a witness on server 2 reads what
/// the room hears of her.
struct RoomHomeRacesTest : testing::Test {
  FleetWorld fleet{3};
  TestClient& witness = fleet.join_active("witness", 2);
  TestClient& bob = fleet.join_active("bob", 1);
  TestClient& first = join_first();

  TestClient& join_first() {
    fleet.pass(1s);
    TestClient& client = fleet.join_active("alice", 0, 7);
    fleet.pass(1s);
    return client;
  }
  /// Server 0 has given session 1 to server 1, which has asked for it and has not heard so.
  TestClient& resume_on_server_1() {
    TestClient& after = fleet.join("alice", 1, 7);
    after.send(alices_audio());
    fleet.deliver_to(1);
    fleet.deliver_to(0);
    return after;
  }
  void depart() {
    first.leave();
    fleet.deliver();
  }
  /// One thing arrives from another server.
  void hear_one(std::size_t server) { fleet.deliver_one(server, 1); }
};

// A session moves.

TEST_F(RoomHomeRacesTest, a_session_under_way_is_not_missed_in_a_roster_of_its_new_server) {
  resume_on_server_1();

  fleet.ask_anew(1);
  fleet.deliver();
  fleet.pass(10s);

  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
}

TEST_F(RoomHomeRacesTest, a_session_that_is_lost_under_way_leaves) {
  fleet.join_active("anna", 0);
  witness.read();
  resume_on_server_1().leave();

  fleet.port(1).arriving.clear();
  fleet.ask_anew(1);  // as a bus does that has noticed the loss
  fleet.deliver();

  EXPECT_EQ(witness.read(), Lines{"left 1 alice"});
}

TEST(RoomHomeRaces, who_resumes_a_session_while_it_goes_to_another_server_gets_it_back) {
  constexpr ShardIndex shards = 2;
  const ShardIndex home = home_of({"room1"}, shards);
  FleetWorld fleet(3, shards);
  TestClient& witness = fleet.join_active("witness", 2);
  TestClient& first = fleet[0].join("alice", 1 - home, 7);
  fleet.deliver();
  first.activate();
  TestClient& second = fleet.join("alice", 1, 7);
  second.send(alices_audio());
  fleet.deliver_to(1);           // which asks for the session
  fleet.deliver_one(0, shards);  // which has `first` told to go
  witness.read();
  TestClient& third = fleet[0].join("alice", home, 7);
  third.send(alices_audio());

  fleet.deliver();

  EXPECT_EQ(first.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(second.end_reason, EndReason::resumed_elsewhere);
  // Each of them held the session in turn.
  EXPECT_EQ(witness.read(), (Lines{"media 2 from alice", "media 2 from alice"}));
}

TEST_F(RoomHomeRacesTest, who_waits_for_a_session_that_another_succeeds_has_a_new_one) {
  depart();
  fleet[0].join("alice").activate();  // which succeeds it in silence
  TestClient& after = fleet[1].join("alice", 0, 7);
  after.send(alices_audio());
  after.read();

  fleet.deliver();

  EXPECT_TRUE(after.logic.wants_messages());
  EXPECT_EQ(std::ranges::count(after.read(), "assigned 102"), 1);
  EXPECT_EQ(witness.read(), (Lines{"joined 102 alice", "media 2 from alice"}));
  after.leave();
  fleet.pass(2s);
  EXPECT_EQ(witness.read(), Lines{"left 102 alice"});
}

TEST_F(RoomHomeRacesTest, who_waits_for_a_session_whose_end_is_on_the_way_has_a_new_one) {
  depart();
  fleet[0].pass(2s);  // its end is said
  TestClient& after = fleet[1].join("alice", 0, 7);
  after.send(alices_audio());

  fleet.deliver();

  EXPECT_EQ(witness.read(), (Lines{"left 1 alice", "joined 102 alice", "media 2 from alice"}));
}

// A session claims a departure.

TEST_F(RoomHomeRacesTest, a_session_that_claims_a_departure_moves_when_that_is_decided) {
  depart();
  TestClient& second = fleet.join("alice", 1, 8);
  second.activate();  // its claim is on the way
  TestClient& third = fleet[2].join("alice", 0, 8);
  third.send(alices_audio());
  fleet.deliver_to(2);
  fleet.deliver_to(1);
  EXPECT_EQ(second.end_reason, EndReason::resumed_elsewhere);

  fleet.deliver();

  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
  third.leave();
  fleet.pass(2s);
  EXPECT_EQ(witness.read(), Lines{"left 102 alice"});
}

TEST_F(RoomHomeRacesTest, a_session_stays_that_cannot_move_to_a_server_which_has_left) {
  depart();
  TestClient& second = fleet.join("alice", 1, 8);
  fleet.port(0).arriving.clear();
  second.activate();
  TestClient& third = fleet.join("alice", 2, 8);
  bob.read();
  third.send(alices_audio());
  fleet.deliver_to(1);
  ASSERT_EQ(second.end_reason, EndReason::resumed_elsewhere);

  fleet.kill(2);
  fleet.pass(10s);

  EXPECT_EQ(bob.read(), (Lines{"left 201 witness", "left 102 alice"}));
}

TEST_F(RoomHomeRacesTest, each_claim_has_its_own_answer) {
  depart();
  TestClient& again = fleet[0].join("alice", 0, 7);
  fleet[1].join("alice").activate();  // claims what lives again
  hear_one(0);                        // that it has come
  hear_one(0);                        // its claim, which is denied
  again.leave();
  fleet[1].join("alice").activate();
  fleet.deliver();

  EXPECT_EQ(bob.read(), Lines{"joined 102 alice"});
  EXPECT_EQ(witness.read(), Lines{"joined 102 alice"});
  fleet.pass(10s);
  EXPECT_EQ(witness.read(), nothing);
}

TEST_F(RoomHomeRacesTest, who_went_before_he_could_be_announced_departs_all_the_same) {
  depart();
  fleet[0].join("alice", 0, 7);
  TestClient& other = fleet[1].join("alice");
  other.activate();  // claims what lives again
  other.leave();
  fleet.deliver();
  EXPECT_EQ(witness.read(), Lines{"joined 102 alice"});

  fleet.join("alice", 1).activate();  // which succeeds him in silence
  fleet.deliver();

  EXPECT_EQ(witness.read(), nothing);
  EXPECT_EQ(fleet.join("late", 2).read(),
            (Lines{"assigned 202", "started 1770000000000 by bob", "joined 201 witness",
                   "joined 101 bob", "joined 1 alice", "joined 103 alice"}));
}

TEST_F(RoomHomeRacesTest, a_claim_whose_departure_is_over_is_not_asked_again) {
  depart();
  TestClient& after = fleet[1].join("alice", 0, 7);
  fleet[1].join("alice").activate();  // claims the session that is asked for
  fleet.deliver_to(0);                // which gives it, and denies the claim
  while (!after.logic.wants_messages() || fleet.port(1).arriving.size() > 1) hear_one(1);
  after.activate();
  after.leave();
  fleet[1].pass(2s);

  fleet.ask_anew(1);
  fleet.deliver();
  fleet.pass(10s);

  EXPECT_EQ(witness.read(), (Lines{"left 1 alice", "joined 102 alice"}));
}

}  // namespace
}  // namespace parley
