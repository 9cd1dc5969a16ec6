// What comes over the bus from other kinds of server, and from those who lie.

#include <gtest/gtest.h>

#include <string>

#include "chat/testing/fleet_world.h"
#include "wire/notices.h"

namespace parley {
namespace {

const Lines nothing;

std::string text_of(const Packet& packet) { return std::string(as_text(packet.wrapper())); }

TEST(RoomHomeStrangers, members_on_other_kinds_of_server_are_listed_and_leave) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  const Subject stranger{{77}, "stan", "Stan"};

  fleet.broker.publish_raw("room1", text_of(participant_joined({"room1"}, stranger)), true);
  fleet.deliver();
  EXPECT_EQ(alice.read(), Lines{"joined 77 stan"});
  EXPECT_EQ(fleet.join("bob", 0).read().back(), "joined 77 stan");
  fleet.broker.publish_raw("room1", text_of(participant_left({"room1"}, stranger)), true);
  fleet.deliver();

  EXPECT_EQ(alice.read(), Lines{"left 77 stan"});
}

TEST(RoomHomeStrangers, a_member_on_another_kind_of_server_lives_as_long_as_packets_come) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  fleet.broker.publish_raw("room1", text_of(participant_joined({"room1"}, {{77}, "stan", "Stan"})),
                           true);
  fleet.deliver();
  alice.read();
  for (int i = 0; i < 4; ++i) {
    fleet.pass(10s);
    std::string audio = media_wrapper(MediaType::audio, {}, "stan");
    fleet.broker.publish_raw("room1", audio + FieldWriter().number(4, 77).message(), false);
    fleet.deliver();
    EXPECT_EQ(alice.read(), Lines{"media 2 from stan"});
  }

  fleet.pass(20s);

  EXPECT_EQ(alice.read(), Lines{"left 77 stan"});
}

TEST(RoomHomeStrangers, a_notice_that_changes_nothing_is_not_delivered) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  fleet.join_active("bob", 1);
  alice.read();

  fleet.broker.publish_raw(
      "room1", text_of(participant_joined({"room1"}, {{101 | 1ull << 63}, "bob", "bob"})), true);
  fleet.broker.publish_raw("room1", text_of(participant_left({"room1"}, {{999}, "nobody", "n"})),
                           true);
  fleet.deliver();

  EXPECT_EQ(alice.read(), nothing);
}

TEST(RoomHomeStrangers, nobody_else_speaks_for_a_session_of_ours) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 0);
  const std::string stamp = FieldWriter().number(4, 1 | 1ull << 63).message();

  fleet.broker.publish_raw("room1", media_wrapper(MediaType::audio) + stamp, false);
  fleet.broker.publish_raw(
      "room1", text_of(participant_left({"room1"}, {{1 | 1ull << 63}, "alice", "alice"})), true);
  fleet.deliver();

  EXPECT_EQ(bob.read(), nothing);
  EXPECT_EQ(alice.read(), nothing);
  EXPECT_EQ(fleet[0].stats[0].discard(DiscardReason::forged).read(), 2u);
}

TEST(RoomHomeStrangers, garbage_is_counted_and_goes_nowhere) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);

  fleet.broker.publish_raw("room1", "\x12\x7fgarbage", false);
  fleet.broker.publish_raw("room1", wrapper_of(PacketType::meeting, "\x12\x7fgarbage"), true);
  fleet.broker.publish_raw("room1", text_of(session_assigned({5})), false);
  fleet.broker.publish_raw("room1", wrapper_of(PacketType::health, "x"), false);
  fleet.deliver();

  EXPECT_EQ(alice.read(), nothing);
  EXPECT_EQ(fleet[0].stats[0].discard(DiscardReason::malformed).read(), 2u);
  EXPECT_EQ(fleet[0].stats[0].discard(DiscardReason::forged).read(), 2u);
}

TEST(RoomHomeStrangers, other_events_of_a_meeting_reach_everybody_as_they_are) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& olga = fleet.join("olga", 0, std::nullopt, Role::observer);
  olga.read();

  fleet.broker.publish_raw("room1", text_of(meeting_ended({"room1"}, "over")), true);
  fleet.deliver();

  EXPECT_EQ(alice.read(), Lines{"ended: over"});
  EXPECT_EQ(olga.read(), Lines{"ended: over"});
}

TEST(RoomHomeStrangers, what_a_server_says_of_sessions_that_are_not_its_own_changes_nothing) {
  FleetWorld fleet;
  TestClient& alice = fleet.join_active("alice", 0);
  TestClient& bob = fleet.join_active("bob", 0);
  const SessionId alices{1 | 1ull << 63};
  const InstanceId liar{9};

  fleet.broker.say_raw("room1", {liar, fleet::Removed{alices}});
  fleet.broker.say_raw("room1", {liar, fleet::Given{alices, {1}, FleetState::testing}});
  fleet.broker.say_raw("room1", {liar, fleet::Succeeded{alices, {44}}});
  fleet.broker.say_raw(
      "room1",
      {liar, fleet::Changed{{alices, "mallory", "Mallory", FleetState::departing, {}, {}}}});
  fleet.broker.say_raw("room1", {liar, fleet::Congestion{alices, {1, 2, 3}}});
  fleet.deliver();
  fleet.pass(10s);

  EXPECT_EQ(alice.read(), nothing);
  EXPECT_EQ(bob.read(), nothing);
}

}  // namespace
}  // namespace parley
