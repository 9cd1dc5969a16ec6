// The truth about a room, as its clients see it: welcome, meeting, rosters, resuming.

#include "chat/room_home.h"

#include <gtest/gtest.h>

#include <string>

#include "chat/testing/server_world.h"

namespace parley {
namespace {

const std::string started_by_alice = "started 1770000000000 by alice";

// Welcome and meeting.

TEST(RoomHome, welcomes_with_the_session_the_meeting_and_later_the_own_joined) {
  ServerWorld world;

  TestClient& alice = world.join("alice");
  EXPECT_EQ(alice.read(), (Lines{"assigned 1", started_by_alice}));
  alice.activate();

  EXPECT_EQ(alice.read(), Lines{"joined 1 alice"});
}

TEST(RoomHome, a_meeting_has_one_start_and_one_creator_for_everybody) {
  ServerWorld world;
  world.join_active("alice");
  world.pass(10s);

  EXPECT_EQ(world.join("bob").read(), (Lines{"assigned 2", started_by_alice, "joined 1 alice"}));
  world.pass(10s);
  EXPECT_EQ(world.observe("carol").read(), (Lines{"assigned 3", started_by_alice}));
}

TEST(RoomHome, a_roster_of_a_hundred_is_complete_and_in_order_of_joining) {
  ServerWorld world;
  Lines expected{"assigned 101", "started 1770000000000 by user1"};
  for (int i = 1; i <= 100; ++i) {
    world.join_active("user" + std::to_string(i));
    expected.push_back("joined " + std::to_string(i) + " user" + std::to_string(i));
  }

  EXPECT_EQ(world.join("late").read(), expected);
}

TEST(RoomHome, a_roster_lists_active_sessions_only) {
  ServerWorld world;
  world.join("tests");
  TestClient& departs = world.join_active("departs");
  world.join_active("stays");
  world.observe("watches");
  departs.leave();

  EXPECT_EQ(world.join("late").read(),
            (Lines{"assigned 5", "started 1770000000000 by tests", "joined 3 stays"}));
}

TEST(RoomHome, names_come_as_they_are_joined_with) {
  ServerWorld world;
  TestClient& alice = world.join_as({{"room1"}, "a@b.c", "Alice Ä.", Role::participant});
  alice.activate();
  alice.read_packet();
  alice.read_packet();

  const Reading joined(*alice.read_packet());

  EXPECT_EQ(joined.user, "a@b.c");
  EXPECT_EQ(joined.display_name, "Alice Ä.");
  EXPECT_EQ(joined.text, "a@b.c has joined the meeting");
  EXPECT_EQ(joined.room, "room1");
}

TEST(RoomHome, a_meeting_starts_with_its_first_participant_and_observers_are_told) {
  ServerWorld world;
  TestClient& observer = world.observe("olga");
  EXPECT_EQ(observer.read(), (Lines{"assigned 1", "started 1770000000000 by "}));
  world.pass(5s);

  TestClient& alice = world.join("alice");

  EXPECT_EQ(alice.read(), (Lines{"assigned 2", "started 1770000005000 by alice"}));
  EXPECT_EQ(observer.read(), Lines{"started 1770000005000 by alice"});
}

TEST(RoomHome, a_meeting_ends_when_the_last_departure_has_run_out) {
  ServerWorld world;
  TestClient& observer = world.observe("olga");
  TestClient& alice = world.join_active("alice");
  alice.leave();
  world.pass(1s);
  EXPECT_EQ(world.observe("early").read()[1], started_by_alice);
  observer.read();
  world.pass(1s);

  EXPECT_EQ(observer.read(), Lines{"left 2 alice"});
  EXPECT_EQ(world.observe("late").read()[1], "started 1770000002000 by ");
  EXPECT_EQ(world.join("bob").read()[1], "started 1770000002000 by bob");
  EXPECT_EQ(observer.read(), Lines{"started 1770000002000 by bob"});
}

TEST(RoomHome, a_meeting_lasts_as_long_as_somebody_tests) {
  ServerWorld world;
  world.join("alice");
  TestClient& bob = world.join_active("bob");

  bob.leave();
  world.pass(1min);

  EXPECT_EQ(world.join("carol").read(), (Lines{"assigned 3", started_by_alice}));
}

TEST(RoomHome, observers_neither_suspend_nor_succeed_a_departure) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  world.join_active("alice").leave();
  witness.read();

  TestClient& observer = world.observe("alice");
  observer.activate();
  world.pass(2s);

  EXPECT_EQ(witness.read(), Lines{"left 2 alice"});
}

TEST(RoomHome, leaves_and_observers_are_seen_by_observers) {
  ServerWorld world;
  TestClient& observer = world.observe("olga");
  TestClient& alice = world.join("alice");
  alice.activate();
  observer.read();

  alice.leave();
  world.pass(2s);

  EXPECT_EQ(observer.read(), Lines{"left 2 alice"});
}

TEST(RoomHome, a_silent_succession_is_told_to_those_who_joined_since) {
  ServerWorld world;
  TestClient& before = world.join_active("before");
  world.pass(1ms);
  world.join_active("alice").leave();
  before.read();
  world.pass(1s);
  TestClient& since = world.join("since");
  EXPECT_EQ(since.read(),
            (Lines{"assigned 3", "started 1770000000000 by before", "joined 1 before"}));

  world.join("alice").activate();
  world.pass(5s);

  EXPECT_EQ(before.read(), Lines{});
  EXPECT_EQ(since.read(), Lines{"joined 4 alice"});
}

// Resuming.

TEST(RoomHome, a_departing_session_is_resumed_at_once_and_nobody_hears_of_it) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  world.pass(1ms);
  world.join_active("alice", 0, 7).leave();
  world.pass(1900ms);
  witness.read();

  TestClient& again = world.join("alice", 0, 7);
  EXPECT_EQ(again.read(),
            (Lines{"assigned 2", "started 1770000000000 by witness", "joined 1 witness"}));
  again.send(media_wrapper(MediaType::audio, {}, "alice"));
  world.pass(1min);

  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
}

TEST(RoomHome, those_who_joined_during_a_departure_hear_joined_when_it_is_resumed) {
  ServerWorld world;
  TestClient& before = world.join_active("before");
  world.pass(1ms);
  world.join_active("alice", 0, 7).leave();
  world.pass(1s);
  TestClient& since = world.join("since");
  TestClient& observer = world.observe("olga");
  world.read_all();

  world.join("alice", 0, 7);

  EXPECT_EQ(before.read(), Lines{});
  EXPECT_EQ(since.read(), Lines{"joined 2 alice"});
  EXPECT_EQ(observer.read(), Lines{"joined 2 alice"});
}

/// The welcome lets the resumed session publish, on another thread: whoever has to hear JOINED
/// first must have been told by then.
TEST(RoomHome, those_who_joined_during_a_departure_are_told_before_the_resumed_one_is_welcome) {
  struct Recorder final : NoteSender {
    void tell(ShardIndex, Note note) override { notes.push_back(std::move(note)); }
    std::vector<Note> notes;
  } sent;
  std::uint64_t last_id = 0;
  RoomHome home({"room1"}, sent, [&] { return ++last_id; });
  const ResumeKey key;
  const Identity alice{{"room1"}, "alice", "Alice", Role::participant};
  const ConnectionAt first{1, ConnectionId{1}};
  home.join({first, alice, key}, both_at(0s));
  home.activate(first, both_at(0s));
  home.gone(first, both_at(1s));
  home.join({{2, ConnectionId{2}}, {{"room1"}, "bob", "Bob", Role::participant}, {}}, both_at(2s));
  sent.notes.clear();

  home.join({{1, ConnectionId{3}}, alice, key}, both_at(2s));

  std::string order;
  for (const Note& note : sent.notes) {
    if (std::holds_alternative<DeliverNote>(note)) order += "joined ";
    if (std::holds_alternative<WelcomeNote>(note)) order += "welcome ";
  }
  EXPECT_EQ(order, "joined welcome ");
}

TEST(RoomHome, after_the_departure_the_secret_makes_a_new_session) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  world.join_active("alice", 0, 7).leave();
  world.pass(2s);
  witness.read();

  TestClient& again = world.join("alice", 0, 7);
  again.activate();

  EXPECT_EQ(again.read()[0], "assigned 3");
  EXPECT_EQ(witness.read(), Lines{"joined 3 alice"});
}

TEST(RoomHome, a_living_session_is_taken_over_by_the_newcomers_first_packet) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  TestClient& old = world.join_active("alice", 0, 7);
  TestClient& newcomer = world.join("alice", 0, 7);
  EXPECT_EQ(newcomer.read(),
            (Lines{"assigned 2", "started 1770000000000 by witness", "joined 1 witness"}));
  newcomer.send(media_wrapper(MediaType::rtt, {}, "alice"));
  EXPECT_EQ(newcomer.read(), Lines{"media 5 from alice"});
  EXPECT_FALSE(old.end_reason);

  newcomer.send(media_wrapper(MediaType::audio, {}, "alice"));

  EXPECT_EQ(old.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(old.end_text, "resumed elsewhere");
  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
  world.pass(1min);
  EXPECT_EQ(witness.read(), Lines{});
}

TEST(RoomHome, a_living_session_goes_over_to_the_newcomer_when_the_old_connection_ends) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  TestClient& old = world.join_active("alice", 0, 7);
  TestClient& newcomer = world.join("alice", 0, 7);
  newcomer.read();

  old.leave();
  world.pass(1min);
  newcomer.send(media_wrapper(MediaType::audio, {}, "alice"));

  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
  EXPECT_EQ(newcomer.read(), Lines{});
}

TEST(RoomHome, when_the_newcomer_goes_before_its_first_packet_nothing_has_happened) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  TestClient& old = world.join_active("alice", 0, 7);

  world.join("alice", 0, 7).leave();
  world.pass(1min);
  old.send(media_wrapper(MediaType::audio, {}, "alice"));

  EXPECT_FALSE(old.end_reason);
  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
}

TEST(RoomHome, a_waiting_newcomer_hears_the_server_and_nobody_else) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  world.join_active("alice", 0, 7);
  TestClient& newcomer = world.join("alice", 0, 7);
  newcomer.read();

  witness.send(media_wrapper(MediaType::audio, {}, "witness"));
  witness.send(wrapper_of(PacketType::diagnostics, "x"));
  world.join("bob").activate();

  EXPECT_EQ(newcomer.read(), Lines{"joined 3 bob"});
}

TEST(RoomHome, a_testing_session_goes_on_testing_on_the_connection_that_resumes_it) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  TestClient& old = world.join("alice", 0, 7);
  TestClient& newcomer = world.join("alice", 0, 7);
  old.leave();
  newcomer.read();
  EXPECT_EQ(witness.read(), Lines{});

  newcomer.activate();

  EXPECT_EQ(witness.read(), Lines{"joined 2 alice"});
  EXPECT_EQ(newcomer.read(), Lines{"joined 2 alice"});
}

TEST(RoomHome, the_packet_that_takes_over_a_testing_session_counts_as_its_first) {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  TestClient& old = world.join("alice", 0, 7);
  TestClient& newcomer = world.join("alice", 0, 7);

  newcomer.send(media_wrapper(MediaType::audio, {}, "alice"));

  EXPECT_EQ(old.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(witness.read(), (Lines{"joined 2 alice", "media 2 from alice"}));
}

TEST(RoomHome, a_testing_session_whose_connection_has_gone_is_gone) {
  ServerWorld world;
  world.join_active("witness");
  world.join("alice", 0, 7).leave();

  EXPECT_EQ(world.join("alice", 0, 7).read()[0], "assigned 3");
}

TEST(RoomHome, the_latest_of_those_that_wait_is_the_one_that_resumes) {
  ServerWorld world;
  world.join_active("witness");
  TestClient& old = world.join_active("alice", 0, 7);
  TestClient& second = world.join("alice", 0, 7);
  TestClient& third = world.join("alice", 0, 7);
  EXPECT_EQ(second.end_reason, EndReason::resumed_elsewhere);
  EXPECT_FALSE(old.end_reason);

  third.activate();

  EXPECT_EQ(old.end_reason, EndReason::resumed_elsewhere);
  EXPECT_FALSE(third.end_reason);
}

TEST(RoomHome, a_newcomer_that_comes_during_a_take_over_gets_the_session) {
  ServerWorld world(2);
  world.room = world.room_at(0);
  world.join_active("witness");
  TestClient& old = world.join_active("alice", 1, 7);
  TestClient& second = world.join("alice", 0, 7);
  second.activate();  // the old connection is told to go, and has not heard it yet
  TestClient& third = world.join("alice", 0, 7);

  world.deliver();
  third.activate();
  world.deliver();

  EXPECT_EQ(old.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(second.end_reason, EndReason::resumed_elsewhere);
  EXPECT_FALSE(third.end_reason);
  EXPECT_EQ(third.logic.id(), old.logic.id());
}

TEST(RoomHome, a_newcomer_that_goes_during_its_take_over_leaves_the_session_departing) {
  ServerWorld world(2);
  world.room = world.room_at(0);
  TestClient& witness = world.join_active("witness");
  world.join_active("alice", 1, 7);
  TestClient& newcomer = world.join("alice", 0, 7);
  newcomer.activate();
  newcomer.leave();
  world.deliver();

  world.pass(1999ms);
  EXPECT_EQ(witness.read(), Lines{});
  world.pass(1ms);

  EXPECT_EQ(witness.read(), Lines{"left 2 alice"});
}

TEST(RoomHome, no_other_secret_user_room_or_kind_resumes_a_session) {
  ServerWorld world;
  TestClient& alice = world.join_active("alice", 0, 7);
  const auto is_new = [&](TestClient& client) {
    client.activate();
    world.pass(1min);
    return !alice.end_reason && client.logic.id() != alice.logic.id();
  };

  EXPECT_TRUE(is_new(world.join("alice", 0, 8)));
  EXPECT_TRUE(is_new(world.join("alice")));
  EXPECT_TRUE(is_new(world.join("alicia", 0, 7)));
  EXPECT_TRUE(is_new(world.observe("alice", 0, 7)));
  EXPECT_TRUE(is_new(world.join_as({{"room2"}, "alice", "alice", Role::participant}, 0, 7)));
}

TEST(RoomHome, an_observers_session_is_resumed_while_it_lives) {
  ServerWorld world;
  TestClient& alice = world.join_active("alice");
  TestClient& old = world.observe("olga", 0, 7);
  TestClient& newcomer = world.observe("olga", 0, 7);
  EXPECT_EQ(newcomer.logic.id(), old.logic.id());

  newcomer.activate();
  newcomer.read();
  alice.send(wrapper_of(PacketType::diagnostics, "x", "alice"));
  alice.send(media_wrapper(MediaType::audio, {}, "alice"));

  EXPECT_EQ(old.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(newcomer.read(), Lines{"type 5 from alice"});
}

TEST(RoomHome, a_session_that_was_succeeded_silently_cannot_be_resumed) {
  ServerWorld world;
  world.join_active("witness");
  world.join_active("alice", 0, 7).leave();
  world.join("alice").activate();

  EXPECT_EQ(world.join("alice", 0, 7).read()[0], "assigned 4");
}

TEST(RoomHome, all_resumed_across_shards_publishes_only_after_the_old_one_is_closed) {
  ServerWorld world(3);
  world.room = world.room_at(0);
  TestClient& witness = world.join_active("witness", 0);
  TestClient& old = world.join_active("alice", 1, 7);
  TestClient& newcomer = world.join("alice", 2, 7);
  world.deliver();

  newcomer.send(wrapper_of(PacketType::diagnostics, "x", "new"));
  world.deliver_to(0);  // the home tells the old one to go
  old.send(wrapper_of(PacketType::diagnostics, "x", "old"));
  world.deliver();

  EXPECT_EQ(witness.read(), (Lines{"type 5 from old", "type 5 from new"}));
}

}  // namespace
}  // namespace parley
