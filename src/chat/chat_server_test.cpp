// Routing: who gets a packet, over one shard and several, and what is left when all have gone.

#include "chat/chat_server.h"

#include <gtest/gtest.h>

#include <string>

#include "chat/testing/server_world.h"

namespace parley {
namespace {

std::string audio(const std::string& user) { return media_wrapper(MediaType::audio, {}, user); }
std::string data(const std::string& user) { return wrapper_of(PacketType::diagnostics, "x", user); }
std::string ask_for(const std::string& whom) {
  return media_wrapper(MediaType::keyframe_request, {}, "asker", 0, whom);
}

TEST(ChatServer, gives_a_packet_to_everybody_else_in_the_room_and_to_nobody_outside) {
  ServerWorld world;
  TestClient& alice = world.join_active("alice");
  TestClient& bob = world.join_active("bob");
  TestClient& tests = world.join("tests");
  TestClient& elsewhere = world.join_as({{"room2"}, "carol", "carol", Role::participant});
  world.read_all();

  alice.send(audio("alice"));

  EXPECT_EQ(alice.read(), Lines{});
  EXPECT_EQ(bob.read(), Lines{"media 2 from alice"});
  EXPECT_EQ(tests.read(), Lines{"media 2 from alice"});
  EXPECT_EQ(elsewhere.read(), Lines{});
}

TEST(ChatServer, gives_a_packet_to_the_members_on_other_shards_once) {
  ServerWorld world(4);
  world.room = world.room_at(1);
  TestClient& alice = world.join_active("alice", 0);
  std::vector<TestClient*> others;
  for (ShardIndex shard = 0; shard < 4; ++shard)
    for (const char* user : {"bob", "carol"}) others.push_back(&world.join_active(user, shard));

  alice.send(audio("alice"));
  world.deliver();

  for (TestClient* other : others) EXPECT_EQ(other->read(), Lines{"media 2 from alice"});
}

TEST(ChatServer, gives_observers_everything_but_media) {
  ServerWorld world(2);
  world.room = world.room_at(0);
  TestClient& alice = world.join_active("alice", 0);
  TestClient& here = world.observe("here", 0);
  TestClient& there = world.observe("there", 1);
  world.deliver();
  world.read_all();

  alice.send(audio("alice"));
  alice.send(media_wrapper(MediaType::video, "key", "alice"));
  alice.send(std::string(wrapper_of(PacketType::media, "\xff\xff", "alice")));
  alice.send(data("alice"));
  world.deliver();

  EXPECT_EQ(here.read(), Lines{"type 5 from alice"});
  EXPECT_EQ(there.read(), Lines{"type 5 from alice"});
}

TEST(ChatServer, a_join_is_known_to_the_others_before_the_newcomer_is_welcome) {
  ServerWorld world(3);
  world.room = world.room_at(0);
  TestClient& alice = world.join_active("alice", 1);
  TestClient& bob = world.join("bob", 2);
  world.deliver_to(0);
  world.deliver_to(1);  // alice's shard hears of bob's before bob does
  alice.send(audio("alice"));
  world.deliver();

  EXPECT_EQ(bob.read(), (Lines{"assigned 2", "started 1770000000000 by alice", "joined 1 alice",
                               "media 2 from alice"}));
}

TEST(ChatServer, joined_reaches_every_shard_before_the_newcomers_first_packet) {
  ServerWorld world(3);
  world.room = world.room_at(0);
  TestClient& witness = world.join_active("witness", 2);
  TestClient& bob = world.join("bob", 1);
  world.deliver();

  bob.send(audio("bob"));
  EXPECT_FALSE(bob.logic.wants_messages());
  world.deliver();

  EXPECT_EQ(witness.read(), (Lines{"joined 2 bob", "media 2 from bob"}));
  EXPECT_TRUE(bob.logic.wants_messages());
}

TEST(ChatServer, a_client_that_leaves_before_its_welcome_was_never_there) {
  ServerWorld world(2);
  world.room = world.room_at(0);
  TestClient& witness = world.join_active("witness", 0);
  TestClient& bob = world.join("bob", 1);
  bob.leave();
  world.deliver();
  world.pass(1min);

  EXPECT_EQ(bob.read(), Lines{});
  EXPECT_EQ(witness.read(), Lines{});
  EXPECT_EQ(world.servers[1]->members(), 0u);
  EXPECT_EQ(world.servers[1]->rooms(), 0u);
}

TEST(ChatServer, a_full_way_to_another_shard_is_counted_and_costs_nobody_here) {
  ServerWorld world(2);
  world.room = world.room_at(0);
  TestClient& alice = world.join_active("alice", 0);
  TestClient& here = world.join_active("here", 0);
  TestClient& there = world.join_active("there", 1);
  world.bus.full = true;

  alice.send(audio("alice"));
  world.deliver();

  EXPECT_EQ(here.read(), Lines{"media 2 from alice"});
  EXPECT_EQ(there.read(), Lines{});
  EXPECT_EQ(world.stats[0].drop(DropReason::mailbox_full).read(), 1u);
}

TEST(ChatServer, a_sender_with_much_on_the_way_pauses_until_it_has_arrived) {
  ServerWorld world(3);
  world.room = world.room_at(2);
  TestClient& alice = world.join_active("alice", 0);
  TestClient& bob = world.join_active("bob", 1);
  const std::string large = wrapper_of(PacketType::aes_key, "x", std::string(60'000, 'a'));
  alice.resumed_reading = 0;

  alice.send(large);
  EXPECT_TRUE(alice.logic.wants_messages());
  alice.send(large);
  alice.send(large);
  EXPECT_FALSE(alice.logic.wants_messages());
  EXPECT_EQ(alice.resumed_reading, 0);
  world.deliver();

  EXPECT_TRUE(alice.logic.wants_messages());
  EXPECT_EQ(alice.resumed_reading, 1);
  EXPECT_EQ(bob.read().size(), 3u);
}

TEST(ChatServer, a_sender_that_leaves_while_it_pauses_is_not_missed) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& alice = world.join_active("alice", 0);
  TestClient& bob = world.join_active("bob", 1);
  alice.resumed_reading = 0;

  alice.send(wrapper_of(PacketType::aes_key, "x", std::string(200'000, 'a')));
  alice.leave();
  world.deliver();

  EXPECT_EQ(alice.resumed_reading, 0);
  EXPECT_EQ(bob.read().size(), 1u);
}

// Keyframe requests and congestion notices.

TEST(ChatServer, a_keyframe_request_goes_to_every_session_of_the_wanted_user) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& asker = world.join_active("asker", 0);
  TestClient& first = world.join_active("bob", 0);
  TestClient& second = world.join_active("bob", 1);
  TestClient& other = world.join_active("carol", 1);

  asker.send(ask_for("bob"));
  world.deliver();

  EXPECT_EQ(first.read(), Lines{"media 6 from asker"});
  EXPECT_EQ(second.read(), Lines{"media 6 from asker"});
  EXPECT_EQ(other.read(), Lines{});
  EXPECT_EQ(asker.read(), Lines{});
}

TEST(ChatServer, a_keyframe_request_for_nobody_here_goes_to_everybody_else) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& asker = world.join_active("asker", 0);
  TestClient& here = world.join_active("here", 0);
  TestClient& there = world.join_active("there", 1);
  TestClient& observer = world.observe("stranger", 1);
  world.deliver();
  world.read_all();

  asker.send(ask_for("stranger"));
  world.deliver();

  EXPECT_EQ(here.read(), Lines{"media 6 from asker"});
  EXPECT_EQ(there.read(), Lines{"media 6 from asker"});
  EXPECT_EQ(observer.read(), Lines{});
  EXPECT_EQ(asker.read(), Lines{});
}

TEST(ChatServer, a_keyframe_request_for_oneself_goes_to_the_own_other_sessions_alone) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& asker = world.join_active("asker", 0);
  TestClient& here = world.join_active("here", 0);
  TestClient& there = world.join_active("there", 1);

  asker.send(ask_for("asker"));
  world.deliver();

  EXPECT_EQ(asker.read(), Lines{});
  EXPECT_EQ(here.read(), Lines{});
  EXPECT_EQ(there.read(), Lines{});

  TestClient& other_tab = world.join_active("asker", 1);
  world.read_all();
  asker.send(ask_for("asker"));
  world.deliver();

  EXPECT_EQ(asker.read(), Lines{});
  EXPECT_EQ(here.read(), Lines{});
  EXPECT_EQ(there.read(), Lines{});
  EXPECT_EQ(other_tab.read(), Lines{"media 6 from asker"});
}

TEST(ChatServer, a_keyframe_request_for_a_departing_user_goes_to_nobody) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& asker = world.join_active("asker", 0);
  TestClient& other = world.join_active("other", 1);
  TestClient& bob = world.join_active("bob", 1);
  bob.leave();
  world.deliver();
  world.read_all();

  asker.send(ask_for("bob"));
  world.deliver();

  EXPECT_EQ(asker.read(), Lines{});
  EXPECT_EQ(other.read(), Lines{});
}

TEST(ChatServer, a_keyframe_request_for_a_user_who_has_left_goes_to_everybody_else) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& asker = world.join_active("asker", 0);
  TestClient& other = world.join_active("other", 1);
  world.join_active("bob", 1).leave();
  world.deliver();
  world.pass(2s);
  world.read_all();

  asker.send(ask_for("bob"));
  world.deliver();

  EXPECT_EQ(asker.read(), Lines{});
  EXPECT_EQ(other.read(), Lines{"media 6 from asker"});
}

TEST(ChatServer, a_congestion_notice_reaches_the_sender_alone) {
  ServerWorld world(2);
  world.room = world.room_at(1);
  TestClient& sender = world.join_active("sender", 0);
  TestClient& other = world.join_active("other", 1);
  TestClient& slow = world.join_active("slow", 1);
  slow.logic.outbox().push(Packet::copy_of(as_bytes("x"), {}), world.now.monotonic);
  slow.logic.outbox().end_flush();
  for (int i = 0; i < 5; ++i) sender.send(audio("sender"));
  world.deliver();
  other.read();
  world.now = both_at(2s);

  slow.read();  // five packets are too old by now
  world.deliver();

  EXPECT_EQ(sender.read(), Lines{"congestion 1 by slow"});
  EXPECT_EQ(other.read(), Lines{});
  EXPECT_EQ(slow.read(), Lines{});
}

// What is left.

TEST(ChatServer, forgets_a_room_once_its_last_departure_has_run_out) {
  ServerWorld world(2);
  world.room = world.room_at(0);
  TestClient& alice = world.join_active("alice", 1);
  EXPECT_EQ(world.servers[0]->homes(), 1u);
  EXPECT_EQ(world.servers[1]->rooms(), 1u);
  EXPECT_EQ(world.stats[1].rooms.read(), 1u);

  alice.leave();
  world.deliver();
  EXPECT_EQ(world.servers[1]->rooms(), 0u);
  EXPECT_EQ(world.stats[1].rooms.read(), 0u);
  EXPECT_EQ(world.servers[0]->deadline(), at(2s));
  world.pass(2s);

  EXPECT_EQ(world.servers[0]->homes(), 0u);
  EXPECT_EQ(world.servers[0]->deadline(), never);
}

/// A room once outlived by the word of one connection: it must be remembered until that has come,
/// or the word meets a new room that never knew the connection.
TEST(ChatServer, remembers_a_room_until_every_connection_has_said_that_it_is_gone) {
  ServerWorld world(3);
  world.room = world.room_at(0);
  TestClient& old = world.join("alice", 0, 7);
  TestClient& second = world.join("alice", 2, 7);
  world.deliver();
  TestClient& third = world.join("alice", 0, 7);  // sends the second one away
  old.leave();
  third.leave();
  TestClient& stranger = world.join("stranger", 0);

  world.deliver();  // only now the second one hears it, and says that it is gone
  stranger.leave();

  EXPECT_EQ(second.end_reason, EndReason::resumed_elsewhere);
  EXPECT_EQ(world.servers[0]->homes(), 0u);
}

TEST(ChatServer, has_one_deadline_for_a_room_however_often_it_changes) {
  ServerWorld world;
  world.join_active("alice").leave();
  world.pass(1500ms);
  TestClient& candidate = world.join("alice");  // the departure waits for it
  EXPECT_EQ(world.servers[0]->deadline(), at(16500ms));
  world.join_active("bob").leave();
  EXPECT_EQ(world.servers[0]->deadline(), at(3500ms));
  candidate.activate();
  candidate.leave();

  world.pass(2s);

  EXPECT_EQ(world.servers[0]->deadline(), never);
  EXPECT_EQ(world.servers[0]->homes(), 0u);
}

}  // namespace
}  // namespace parley
