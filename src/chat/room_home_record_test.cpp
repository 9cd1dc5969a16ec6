// What the record of meetings has to do with a room.

#include <gtest/gtest.h>

#include <string>

#include "chat/testing/fleet_world.h"
#include "chat/testing/held_record.h"
#include "wire/notices.h"

namespace parley {
namespace {

const Lines nothing;
constexpr const char* rejected = "ended: Session rejected: ";

/// One server that records its meetings.
struct RecordedRoom : ::testing::Test {
  TestClient& join_active(const std::string& user, bool is_host = false, std::uint8_t secret = 0) {
    Identity identity{{world.room}, user, user, Role::participant, is_host};
    TestClient& client = world.join_as(
        std::move(identity), 0, secret == 0 ? std::nullopt : std::optional<std::uint8_t>(secret));
    record.take(world, 1000, "host");
    client.activate();
    world.deliver();
    world.read_all();
    return client;
  }
  void leave(TestClient& client) {
    client.leave();
    world.pass(3s);
  }
  /// The host, who came first, has left, and that was the end of the meeting of somebody else.
  TestClient& join_meeting_that_ends() {
    TestClient& host = join_active("host", true);
    TestClient& guest = join_active("guest");
    leave(host);
    guest.read();
    record.ended(world, Ending::host_ended);
    return guest;
  }

  HeldRecord record;
  ServerWorld world{1, {nullptr, &record, false}};
};

TEST_F(RecordedRoom, nobody_is_welcome_before_he_is_recorded) {
  TestClient& alice = world.join("alice");
  world.deliver();
  EXPECT_EQ(alice.read(), nothing);
  EXPECT_EQ(record.asked_since(), Lines{"start alice"});

  record.take(world, 1000, "host");

  EXPECT_EQ(alice.read(), (Lines{"assigned 1", "started 1000 by host"}));
}

TEST_F(RecordedRoom, a_host_is_recorded_as_one) {
  world.join_as({{world.room}, "alice", "Alice", Role::participant, true});
  world.deliver();

  EXPECT_EQ(record.asked_since(), Lines{"start alice host"});
}

TEST_F(RecordedRoom, observers_are_not_recorded) {
  TestClient& olga = world.observe("olga");
  world.deliver();

  EXPECT_EQ(record.asked_since(), nothing);
  EXPECT_EQ(olga.read().front(), "assigned 1");
}

TEST_F(RecordedRoom, who_is_refused_is_told_why) {
  TestClient& alice = world.join("alice");
  world.deliver();

  record.refuse(world, "no");

  EXPECT_EQ(alice.read(), Lines{std::string(rejected) + "no"});
  EXPECT_EQ(alice.end_reason, EndReason::rejected);
  EXPECT_EQ(world.servers[0]->homes(), 0u);
}

TEST_F(RecordedRoom, a_record_that_is_away_lets_nobody_new_in) {
  join_active("alice");
  TestClient& bob = world.join("bob");
  world.deliver();

  record.fail(world);

  EXPECT_EQ(bob.read(), Lines{std::string(rejected) + store_unavailable});
}

TEST_F(RecordedRoom, a_record_that_is_away_keeps_nobody_out_who_is_in_it) {
  TestClient& alice = join_active("alice");
  alice.leave();
  TestClient& again = world.join("alice");
  world.deliver();

  record.fail(world);

  EXPECT_EQ(again.read().front(), "assigned 2");
}

TEST_F(RecordedRoom, a_session_that_is_resumed_does_not_ask) {
  TestClient& alice = join_active("alice", false, 7);
  alice.leave();
  record.asked_since();

  TestClient& again = world.join("alice", 0, 7);
  world.deliver();

  EXPECT_EQ(again.read().front(), "assigned 1");
  EXPECT_EQ(record.asked_since(), nothing);
}

TEST_F(RecordedRoom, who_leaves_while_he_waits_leaves_the_record_too) {
  TestClient& alice = world.join("alice");
  world.deliver();
  alice.leave();
  world.deliver();
  record.asked_since();

  record.take(world, 1000, "alice");
  EXPECT_EQ(record.asked_since(), Lines{"end alice"});
  record.ended(world, Ending::last_left);

  EXPECT_EQ(world.servers[0]->homes(), 0u);
}

TEST_F(RecordedRoom, a_user_has_left_when_none_of_his_sessions_is_there) {
  TestClient& first = join_active("alice");
  TestClient& second = join_active("alice");
  record.asked_since();

  leave(first);
  EXPECT_EQ(record.asked_since(), nothing);
  second.leave();
  world.deliver();
  EXPECT_EQ(record.asked_since(), nothing) << "he departs, and may come back";
  world.pass(3s);

  EXPECT_EQ(record.asked_since(), Lines{"end alice"});
}

TEST_F(RecordedRoom, a_user_who_waits_for_the_record_has_not_left) {
  TestClient& alice = join_active("alice");
  alice.leave();
  world.join("alice");
  world.deliver();
  record.asked_since();

  world.pass(3s);
  EXPECT_EQ(record.asked_since(), nothing);
  record.refuse(world, "no");
  world.deliver();

  EXPECT_EQ(record.asked_since(), Lines{"end alice"});
}

TEST_F(RecordedRoom, the_room_is_told_when_the_host_has_ended_the_meeting) {
  TestClient& guest = join_meeting_that_ends();

  EXPECT_EQ(guest.read(), Lines{"ended: The host has ended the meeting"});
  EXPECT_FALSE(guest.end_reason.has_value()) << "he may stay";
}

TEST_F(RecordedRoom, nobody_hears_of_the_end_that_does_not_end_the_meeting) {
  TestClient& alice = join_active("alice");
  TestClient& bob = join_active("bob");
  leave(alice);
  bob.read();

  record.ended(world, Ending::continues);

  EXPECT_EQ(bob.read(), nothing);
}

TEST_F(RecordedRoom, who_comes_after_the_end_begins_a_new_meeting) {
  TestClient& guest = join_meeting_that_ends();
  guest.read();

  TestClient& carol = world.join("carol");
  record.take(world, 2000, "carol");

  EXPECT_EQ(carol.read()[1], "started 2000 by carol");
  EXPECT_EQ(guest.read(), Lines{"started 2000 by carol"});
}

TEST_F(RecordedRoom, who_stayed_after_the_end_is_not_ended_again) {
  TestClient& guest = join_meeting_that_ends();
  record.asked_since();

  leave(guest);

  EXPECT_EQ(record.asked_since(), nothing);
}

TEST_F(RecordedRoom, is_kept_until_the_record_has_answered) {
  TestClient& alice = join_active("alice");
  leave(alice);
  EXPECT_EQ(world.servers[0]->homes(), 1u);

  record.ended(world, Ending::last_left);

  EXPECT_EQ(world.servers[0]->homes(), 0u);
}

TEST(RecordedRooms, the_end_sends_everybody_away_if_so_configured) {
  HeldRecord record;
  ServerWorld world{1, {nullptr, &record, true}};
  TestClient& host = world.join_as({{world.room}, "host", "Host", Role::participant, true});
  TestClient& bob = world.join("bob");
  TestClient& olga = world.observe("olga");
  for (int i = 0; i < 2; ++i) record.take(world, 1000, "host");
  host.leave();
  world.pass(3s);
  world.read_all();

  record.ended(world, Ending::host_ended);

  EXPECT_EQ(bob.read(), Lines{"ended: The host has ended the meeting"});
  EXPECT_EQ(bob.end_reason, EndReason::meeting_ended);
  EXPECT_EQ(olga.read().front(), "ended: The host has ended the meeting");
  EXPECT_FALSE(olga.end_reason.has_value());
}

/// Two servers that record their meetings.
struct RecordedFleet : ::testing::Test {
  TestClient& join_active(const std::string& user, std::size_t server,
                          std::optional<std::uint8_t> secret = std::nullopt) {
    TestClient& client = fleet.join(user, server, secret);
    records[server].take(fleet[server], 1000, "host");
    fleet.deliver();
    client.activate();
    fleet.deliver();
    fleet.read_all();
    return client;
  }
  void forget_asked() {
    for (HeldRecord& record : records) record.asked_since();
  }

  HeldRecord records[2];
  FleetWorld fleet{{&records[0], &records[1]}};
};

TEST_F(RecordedFleet, a_user_with_a_session_elsewhere_has_not_left) {
  TestClient& here = join_active("alice", 0);
  TestClient& there = join_active("alice", 1);
  join_active("bob", 0);
  forget_asked();

  here.leave();
  fleet.pass(3s);
  EXPECT_EQ(records[0].asked_since(), nothing);
  there.leave();
  fleet.pass(3s);

  EXPECT_EQ(records[1].asked_since(), Lines{"end alice"});
  EXPECT_EQ(records[0].asked_since(), Lines{"end alice"}) << "both had him";
}

TEST_F(RecordedFleet, a_server_without_the_room_holds_nobody_in_it) {
  TestClient& here = join_active("alice", 0);
  join_active("alice", 1);
  forget_asked();

  here.leave();
  fleet.pass(3s);

  EXPECT_EQ(records[0].asked_since(), Lines{"end alice here"});
}

TEST_F(RecordedFleet, a_session_that_is_resumed_elsewhere_is_recorded_there_first) {
  TestClient& here = join_active("alice", 0, 7);
  here.leave();
  fleet.deliver();
  forget_asked();

  TestClient& there = fleet.join("alice", 1, 7);
  EXPECT_EQ(there.read(), nothing);
  EXPECT_EQ(records[1].asked_since(), Lines{"start alice"});
  EXPECT_EQ(records[0].asked_since(), nothing);
  records[1].take(fleet[1], 1000, "host");
  fleet.deliver();
  there.activate();
  fleet.deliver();

  EXPECT_EQ(there.read().front(), "assigned 1");
  EXPECT_EQ(records[0].asked_since(), Lines{"end alice here"});
}

TEST_F(RecordedFleet, the_host_who_leaves_one_server_ends_the_meeting_on_all) {
  TestClient& host = join_active("host", 0);
  TestClient& bob = join_active("bob", 1);
  host.leave();
  fleet.pass(3s);
  bob.read();
  forget_asked();

  records[0].ended(fleet[0], Ending::host_ended);
  fleet.deliver();
  EXPECT_EQ(bob.read(), Lines{"ended: The host has ended the meeting"});
  bob.leave();
  fleet.pass(3s);

  EXPECT_EQ(records[1].asked_since(), Lines{"end bob"}) << "once more, and in vain";
}

TEST_F(RecordedFleet, who_goes_after_an_end_that_was_none_leaves_the_record) {
  TestClient& alice = join_active("alice", 0);
  TestClient& bob = join_active("bob", 0);
  forget_asked();
  const Packet lie = meeting_ended({"room1"}, "over");
  fleet.broker.publish_raw("room1", std::string(as_text(lie.wrapper())), true);
  fleet.deliver();
  EXPECT_EQ(bob.read(), Lines{"ended: over"});

  alice.leave();
  fleet.pass(3s);

  EXPECT_EQ(records[0].asked_since(), Lines{"end alice"});
}

TEST_F(RecordedFleet, who_left_with_a_server_that_died_is_ended_by_another) {
  join_active("alice", 0);
  join_active("bob", 1);
  forget_asked();

  fleet.kill(0);
  fleet.pass(3s);

  EXPECT_EQ(records[1].asked_since(), Lines{"end alice"});
}

TEST_F(RecordedFleet, who_resumes_what_a_dead_server_left_is_recorded) {
  join_active("alice", 0, 7);
  join_active("bob", 1);
  fleet.kill(0);
  forget_asked();

  TestClient& again = fleet.join("alice", 1, 7);
  EXPECT_EQ(records[1].asked_since(), Lines{"start alice"});
  records[1].take(fleet[1], 1000, "host");
  fleet.deliver();

  EXPECT_EQ(again.read().front(), "assigned 1");
  fleet.pass(5s);
  EXPECT_EQ(records[1].asked_since(), nothing);
}

TEST_F(RecordedFleet, without_the_others_only_our_own_have_left) {
  TestClient& alice = join_active("alice", 0);
  join_active("bob", 0);
  fleet.port(0).is_connected = false;
  forget_asked();

  alice.leave();
  fleet.pass(3s);

  EXPECT_EQ(records[0].asked_since(), Lines{"end alice here"});
}

TEST_F(RecordedFleet, both_say_what_the_record_says_of_the_beginning) {
  TestClient& alice = fleet.join("alice", 0);
  TestClient& bob = fleet.join("bob", 1);
  records[1].take(fleet[1], 500, "ada");
  records[0].take(fleet[0], 500, "ada");
  fleet.deliver();

  EXPECT_EQ(alice.read()[1], "started 500 by ada");
  EXPECT_EQ(bob.read()[1], "started 500 by ada");
}

}  // namespace
}  // namespace parley
