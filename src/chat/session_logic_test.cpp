#include "chat/session_logic.h"

#include <gtest/gtest.h>

#include <string>

#include "chat/testing/server_world.h"

namespace parley {
namespace {

std::string audio(const std::string& user) { return media_wrapper(MediaType::audio, {}, user); }
std::string probe() { return media_wrapper(MediaType::rtt, {}, "prober"); }

/// A client and a witness who sees what becomes of what it sends.
struct SessionLogicTest : testing::Test {
  ServerWorld world;
  TestClient& witness = world.join_active("witness");
  TestClient& alice = world.join("alice");

  SessionLogicTest() { world.read_all(); }
  std::uint64_t discarded(DiscardReason reason) { return alice.stats.discard(reason).read(); }
};

// Becoming active.

TEST_F(SessionLogicTest, the_first_packet_activates_and_is_itself_relayed) {
  alice.send(audio("alice"));
  alice.send(audio("alice"));

  EXPECT_EQ(witness.read(), (Lines{"joined 2 alice", "media 2 from alice", "media 2 from alice"}));
}

TEST_F(SessionLogicTest, whatever_is_no_probe_activates) {
  const std::string firsts[] = {
      wrapper_of(PacketType::health, "x"),
      wrapper_of(PacketType::congestion, "x"),
      wrapper_of(PacketType::meeting, "x"),
      std::string("\xff\xff\xff"),
      media_wrapper(MediaType::keyframe_request, {}, "x", 0, "nobody-else"),
  };
  int session = 2;
  for (const std::string& first : firsts) {
    TestClient& client = world.join("client");
    world.read_all();

    client.send(first);

    EXPECT_EQ(witness.read()[0], "joined " + std::to_string(++session) + " client");
  }
}

TEST_F(SessionLogicTest, a_probe_activates_nobody_and_comes_back_as_it_went) {
  alice.send(probe());

  const auto echo = alice.read_packet();
  ASSERT_TRUE(echo);
  EXPECT_EQ(as_text(echo->wrapper()), probe());
  EXPECT_EQ(witness.read(), Lines{});
  EXPECT_EQ(alice.stats.rtt_echoes.read(), 1u);
}

TEST_F(SessionLogicTest, an_active_session_and_an_observer_get_their_echoes_too) {
  TestClient& observer = world.observe("olga");
  alice.activate();
  world.read_all();

  alice.send(probe());
  observer.send(probe());

  EXPECT_EQ(alice.read(), Lines{"media 5 from prober"});
  EXPECT_EQ(observer.read(), Lines{"media 5 from prober"});
  EXPECT_EQ(witness.read(), Lines{});
}

// Stamp.

TEST_F(SessionLogicTest, every_relayed_packet_ends_with_its_senders_stamp) {
  const std::string forged = audio("alice") + FieldWriter().number(4, 12345).message();
  for (const std::string& wrapper : {audio("alice"), forged, std::string()}) {
    alice.send(wrapper);
    std::optional<Packet> packet = witness.read_packet();
    if (packet->facts().from_server) packet = witness.read_packet();  // her JOINED

    const std::string stamp = FieldWriter().number(4, alice.logic.id().value).message();
    EXPECT_EQ(as_text(packet->wrapper()), wrapper + stamp);
    EXPECT_EQ(packet->facts().sender, alice.logic.id());
  }
}

// What is not relayed.

TEST_F(SessionLogicTest, drops_and_counts_what_is_malformed_or_forged_and_lives_on) {
  alice.activate();
  world.read_all();
  alice.send("\xff");
  alice.send(wrapper_of(PacketType::meeting, "x"));
  alice.send(wrapper_of(PacketType::session_assigned, "x"));
  alice.send(wrapper_of(PacketType::congestion, "x"));

  EXPECT_EQ(witness.read(), Lines{});
  EXPECT_EQ(discarded(DiscardReason::malformed), 1u);
  EXPECT_EQ(discarded(DiscardReason::forged), 3u);
  alice.send(audio("alice"));
  EXPECT_EQ(witness.read(), Lines{"media 2 from alice"});
}

TEST_F(SessionLogicTest, observers_report_their_health_and_say_nothing_else) {
  TestClient& observer = world.observe("olga");
  world.read_all();
  const std::uint64_t before = alice.stats.health_packets.read();

  observer.send(audio("olga"));
  observer.send(media_wrapper(MediaType::keyframe_request, {}, "olga", 0, "alice"));
  observer.send(wrapper_of(PacketType::health, "x"));

  EXPECT_EQ(discarded(DiscardReason::observer), 2u);
  EXPECT_EQ(alice.stats.health_packets.read(), before + 1);
  EXPECT_EQ(witness.read(), Lines{});
  EXPECT_EQ(alice.read(), Lines{});
}

TEST_F(SessionLogicTest, lets_two_keyframe_requests_pass_in_a_second) {
  const std::string request = media_wrapper(MediaType::keyframe_request, {}, "alice", 0, "witness");
  alice.activate();
  world.read_all();

  for (int i = 0; i < 5; ++i) alice.send(request);
  EXPECT_EQ(witness.read().size(), 2u);
  EXPECT_EQ(discarded(DiscardReason::keyframe_limit), 3u);
  world.pass(1001ms);
  alice.send(request);

  EXPECT_EQ(witness.read().size(), 1u);
}

TEST_F(SessionLogicTest, the_reserved_user_is_refused_and_told_why) {
  TestClient& system = world.join(std::string(system_user_id));

  EXPECT_EQ(system.end_reason, EndReason::rejected);
  EXPECT_EQ(system.end_text, "Session rejected");
  EXPECT_EQ(system.read(), Lines{"ended: Session rejected: Cannot use reserved system user ID"});
  EXPECT_EQ(world.servers[0]->members(), 2u);
}

/// Keeps which sessions began and ended.
struct Beginnings final : DiagnosticsSink {
  void publish(const std::string& /*subject*/, Bytes payload) override {
    const auto event = decode_connection_event(payload);
    ASSERT_TRUE(event);
    const bool begins = event->kind == ConnectionEvent::Kind::started;
    heard.push_back((begins ? "started " : "ended ") + event->session_id);
  }
  Lines heard;
};

TEST_F(SessionLogicTest, a_second_welcome_is_another_session_to_those_who_watch) {
  Beginnings beginnings;
  RecentConnections recent;
  ServerDiagnostics diagnostics({{"us-east", "websocket", "relay-1"}, 5s}, recent, beginnings);
  world.settings.watchers.connections = &diagnostics;
  TestClient& bob = world.join("bob");

  bob.logic.on_welcome({{7}, {}, "witness", {}, Standing::testing}, world.now);
  bob.leave();

  EXPECT_EQ(beginnings.heard, (Lines{"started 9223372036854775811", "ended 9223372036854775811",
                                     "started 7", "ended 7"}));
}

TEST_F(SessionLogicTest, hears_nothing_from_a_client_after_its_end) {
  alice.activate();
  world.read_all();
  alice.end(EndReason::client_closed, {});

  alice.send(audio("alice"));

  EXPECT_EQ(witness.read(), Lines{});
}

// While the home is on another shard.

struct FarHome : testing::Test {
  ServerWorld world{2};
  FarHome() { world.room = world.room_at(0); }
};

using SessionLogicFarHomeTest = FarHome;

TEST_F(SessionLogicFarHomeTest, packets_wait_for_the_welcome_and_for_the_activation) {
  TestClient& witness = world.join_active("witness", 0);
  TestClient& alice = world.join("alice", 1);

  alice.send(wrapper_of(PacketType::aes_key, "x", "one"));
  EXPECT_FALSE(alice.logic.wants_messages());
  alice.send(wrapper_of(PacketType::aes_key, "x", "two"));
  world.deliver();

  EXPECT_TRUE(alice.logic.wants_messages());
  EXPECT_GE(alice.resumed_reading, 1);
  EXPECT_EQ(witness.read(), (Lines{"joined 2 alice", "type 2 from one", "type 2 from two"}));
  EXPECT_EQ(alice.read(), (Lines{"assigned 2", "started 1770000000000 by witness",
                                 "joined 1 witness", "joined 2 alice"}));
}

TEST_F(SessionLogicFarHomeTest, the_welcome_is_the_first_word_even_before_an_echo) {
  TestClient& alice = world.join("alice", 1);
  alice.send(probe());
  EXPECT_EQ(alice.read(), Lines{});

  world.deliver();

  EXPECT_EQ(alice.read(),
            (Lines{"assigned 1", "started 1770000000000 by alice", "media 5 from prober"}));
  EXPECT_TRUE(alice.logic.wants_messages());
  EXPECT_EQ(alice.resumed_reading, 1);
  world.pass(1min);
  EXPECT_EQ(world.join("bob", 0).read(), (Lines{"assigned 2", "started 1770000000000 by alice"}));
}

TEST_F(SessionLogicFarHomeTest, what_waits_when_the_client_goes_is_never_relayed) {
  TestClient& witness = world.join_active("witness", 0);
  TestClient& alice = world.join("alice", 1);
  alice.send(audio("alice"));
  alice.leave();

  world.deliver();
  world.pass(1min);

  EXPECT_EQ(witness.read(), Lines{});
}

// Time-outs.

TEST_F(SessionLogicTest, ends_after_thirty_seconds_without_a_sign_of_life) {
  EXPECT_EQ(alice.logic.deadline(), at(30s));
  world.pass(20s);
  alice.send(probe());
  EXPECT_EQ(alice.logic.deadline(), at(50s));
  world.pass(20s);
  alice.logic.on_sign_of_life(world.now);
  world.pass(29999ms);
  alice.logic.on_deadline(world.now);
  EXPECT_FALSE(alice.end_reason);
  world.pass(1ms);

  alice.logic.on_deadline(world.now);

  EXPECT_EQ(alice.end_reason, EndReason::silent);
  EXPECT_EQ(alice.logic.deadline(), never);
}

TEST_F(SessionLogicTest, ends_after_a_minute_in_which_the_client_took_no_byte) {
  const auto live_until = [&](Duration when) {
    world.now = both_at(when);
    alice.logic.on_sign_of_life(world.now);
    alice.logic.on_deadline(world.now);
  };
  alice.logic.on_flushed(false, true, world.now);
  live_until(30s);
  alice.logic.on_flushed(true, true, world.now);  // a byte at 30 s
  live_until(60s);
  alice.logic.on_flushed(false, true, world.now);
  live_until(89999ms);
  EXPECT_FALSE(alice.end_reason);

  live_until(90s);

  EXPECT_EQ(alice.end_reason, EndReason::too_slow);
}

TEST_F(SessionLogicTest, a_client_that_took_everything_is_not_slow) {
  alice.logic.on_flushed(false, true, world.now);
  alice.logic.on_flushed(true, false, world.now);

  EXPECT_EQ(alice.logic.deadline(), at(30s));
}

TEST_F(SessionLogicTest, ends_when_the_servers_own_words_do_not_fit) {
  world.settings.outbox.bytes = 500;
  for (int i = 0; i < 10; ++i) world.join("user" + std::to_string(i)).activate();
  alice.logic.on_flushed(false, true, world.now);

  EXPECT_EQ(alice.end_reason, EndReason::too_slow);
  EXPECT_EQ(alice.end_text, "too slow");
}

// Losses.

TEST_F(SessionLogicTest, tells_a_sender_once_a_second_that_it_loses_his_packets) {
  witness.activate();
  alice.activate();
  world.read_all();
  const auto lose = [&](int count, Duration since) {
    for (int i = 0; i < count; ++i) witness.send(audio("witness"));
    alice.logic.outbox().end_flush();
    world.now = both_at(since);
    alice.read();
    return witness.read();
  };

  EXPECT_EQ(lose(4, 2s), Lines{});
  EXPECT_EQ(lose(5, 4s), Lines{"congestion 1 by alice"});
  EXPECT_EQ(lose(50, 6s), Lines{"congestion 1 by alice"});
  EXPECT_EQ(alice.stats.congestion_sent.read(), 2u);
}

TEST_F(SessionLogicTest, wakes_its_transport_when_something_waits) {
  alice.activate();
  world.read_all();
  const int before = alice.wakes;

  witness.send(audio("witness"));

  EXPECT_GT(alice.wakes, before);
}

TEST_F(SessionLogicTest, wakes_its_transport_again_when_something_more_urgent_waits) {
  alice.activate();
  world.read_all();
  const int before = alice.wakes;

  witness.send(media_wrapper(MediaType::video, "delta", "witness"));
  EXPECT_EQ(alice.wakes, before + 1);
  witness.send(media_wrapper(MediaType::video, "delta", "witness"));
  EXPECT_EQ(alice.wakes, before + 1);
  witness.send(audio("witness"));
  EXPECT_EQ(alice.wakes, before + 2);
  witness.send(audio("witness"));
  EXPECT_EQ(alice.wakes, before + 2);
}

}  // namespace
}  // namespace parley
