#include "webtransport/http3_session.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

using namespace wt_test;

TEST(Http3Session, receives_packets_on_streams_and_in_datagrams) {
  World world;
  world.opened();

  world.message(6, "one");
  world.bring(10, "\x40");
  world.bring(10, std::string_view("\x54\x00t", 3));
  world.bring(10, "wo");
  world.bring(10, "", true);
  world.datagram("three");
  world.datagram("");
  world.datagram("ping");
  world.message(14, "");

  EXPECT_EQ(world.handler.log.messages, (std::vector<std::string>{"one", "two", "three", ""}));
  EXPECT_EQ(world.handler.log.sources[2], WtInboundSource::datagram);
  EXPECT_EQ(world.handler.log.signs_of_life, 1);
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(Http3Session, sends_packets_on_streams_of_their_own) {
  World world;
  world.opened();
  const Packet packet = Packet::copy_of(as_bytes("hello"), {});

  const auto stream = world.handler.session->send(packet, Urgency::audio);

  ASSERT_EQ(stream, 7);
  EXPECT_EQ(world.quic.stream(7).out, std::string("\x40\x54\x00hello", 8));
  EXPECT_EQ(world.quic.stream(7).urgency, Urgency::audio);
  world.closed(7);
  EXPECT_EQ(world.handler.log.over, std::vector<StreamId>{7});
}

TEST(Http3Session, answers_the_clients_close) {
  World world;
  world.opened();
  const auto stream =
      world.handler.session->send(Packet::copy_of(as_bytes("x"), {}), Urgency::data);

  world.bring(0, in_data(close_capsule(77, "enough")), true);

  ASSERT_EQ(world.handler.log.closes.size(), 1u);
  const WtClose& close = world.handler.log.closes[0];
  EXPECT_EQ(close.cause, WtClose::Cause::capsule);
  EXPECT_EQ(close.code, 77u);
  EXPECT_EQ(close.reason, "enough");
  EXPECT_TRUE(world.handler.log.is_destroyed);
  EXPECT_TRUE(world.quic.stream(0).out_ended);
  EXPECT_EQ(world.quic.stream(*stream).reset_code, wt_code::session_gone);
  EXPECT_FALSE(world.quic.close_code);
  world.closed(0);
  EXPECT_EQ(world.quic.close_code, http3_code::no_error);
}

TEST(Http3Session, closes_a_session_when_its_last_words_may_have_been_read) {
  World world;
  world.opened();
  const Packet packet = Packet::copy_of(as_bytes("x"), {});
  const auto frame = world.handler.session->send(packet, Urgency::video);
  const auto last_words = world.handler.session->send(packet, Urgency::control);
  const std::string before = world.quic.stream(0).out;

  world.handler.session->close(4, "the kitchen is closed");
  EXPECT_TRUE(world.handler.log.closes.empty()) << "nobody is told within close()";
  world.flush();

  ASSERT_EQ(world.handler.log.closes.size(), 1u);
  EXPECT_EQ(world.handler.log.closes[0].cause, WtClose::Cause::local);
  EXPECT_EQ(world.quic.stream(*frame).reset_code, wt_code::session_gone);
  EXPECT_FALSE(world.quic.stream(*last_words).reset_code);
  EXPECT_EQ(world.quic.stream(0).out, before) << "the capsule would overtake the last words";

  world.closed(*last_words);
  world.pass(249ms);
  EXPECT_EQ(world.quic.stream(0).out, before) << "arrived is not read";
  world.pass(1ms);
  EXPECT_EQ(world.quic.stream(0).out, before + in_data(close_capsule(4, "the kitchen is closed")));
  EXPECT_TRUE(world.quic.stream(0).out_ended);
  EXPECT_FALSE(world.quic.close_code);

  world.bring(0, "", true);
  world.closed(0);
  world.pass(1999ms);
  EXPECT_FALSE(world.quic.close_code) << "the client would take it for a broken connection";
  world.pass(1ms);
  EXPECT_EQ(world.quic.close_code, http3_code::no_error);
  EXPECT_EQ(world.stats.farewell_timeouts.read(), 0u);
}

TEST(Http3Session, says_farewell_at_once_to_a_client_that_leaves_at_its_last_words) {
  World world;
  world.opened();
  const auto last_words =
      world.handler.session->send(Packet::copy_of(as_bytes("x"), {}), Urgency::control);
  const std::string before = world.quic.stream(0).out;
  world.handler.session->close(0, "bye");
  world.flush();
  world.closed(*last_words);

  world.bring(0, in_data(close_capsule(0, "I have read it")), true);

  EXPECT_EQ(world.quic.stream(0).out, before + in_data(close_capsule(0, "bye")));
  EXPECT_TRUE(world.quic.stream(0).out_ended);
}

TEST(Http3Session, says_farewell_in_time_whatever_the_client_does) {
  World world;
  world.opened();
  world.handler.session->send(Packet::copy_of(as_bytes("x"), {}), Urgency::control);
  const std::string before = world.quic.stream(0).out;
  world.handler.session->close(1, "bye");
  world.handler.session->close(2, "twice");
  world.flush();

  world.pass(999ms);
  EXPECT_EQ(world.quic.stream(0).out, before);
  world.pass(1ms);
  EXPECT_EQ(world.quic.stream(0).out, before + in_data(close_capsule(1, "bye")));
  world.pass(1999ms);
  EXPECT_FALSE(world.quic.close_code);
  world.pass(1ms);
  EXPECT_EQ(world.quic.close_code, http3_code::no_error);
  EXPECT_EQ(world.stats.farewell_timeouts.read(), 1u);
  EXPECT_EQ(world.handler.log.closes.size(), 1u);
}

TEST(Http3Session, sends_nothing_after_its_close) {
  World world;
  world.opened();
  WtSession& session = *world.handler.session;
  const Packet packet = Packet::copy_of(as_bytes("x"), {});
  world.pass(1s);
  world.flush();
  session.close(1, "bye");
  EXPECT_FALSE(session.send(packet, Urgency::control));
  EXPECT_FALSE(session.send_datagram(packet));
  EXPECT_EQ(session.streams_left(), 0u);
  world.handler.log.on_pull = [](Urgency) { return true; };
  EXPECT_FALSE(world.http3->pull(Urgency::none, world.now));
  EXPECT_EQ(world.handler.log.flushes, 2);
  world.flush();
  EXPECT_EQ(world.handler.log.flushes, 2);
  EXPECT_TRUE(world.quic.stream(0).out_ended);
}

TEST(Http3Session, may_be_closed_by_whoever_is_told_of_a_message) {
  World world;
  world.opened();
  world.handler.log.on_message = [&] { world.handler.session->close(5, "too much"); };
  world.bring(10, std::string(World::uni_head) + "unfinished");
  world.message(6, "one");
  world.message(14, "two");

  EXPECT_EQ(world.handler.log.messages, std::vector<std::string>{"one"});
  ASSERT_EQ(world.handler.log.closes.size(), 1u);
  EXPECT_EQ(world.quic.stream(10).stop_code, wt_code::session_gone);
  EXPECT_EQ(world.quic.outstanding(), 0u);
  EXPECT_EQ(world.stats.streams_late.read(), 1u);
}

TEST(Http3Session, may_be_closed_before_it_is_answered) {
  World world;
  world.handler.on_connect = [&] {
    world.handler.session->send(Packet::copy_of(as_bytes("no"), {}), Urgency::control);
    world.handler.session->close(1, "rejected");
  };
  world.opened();

  ASSERT_EQ(world.handler.log.closes.size(), 1u);
  EXPECT_EQ(world.handler.log.closes[0].cause, WtClose::Cause::local);
  world.closed(7);
  world.pass(250ms);
  EXPECT_TRUE(world.quic.stream(0).out.ends_with(in_data(close_capsule(1, "rejected"))));
  EXPECT_TRUE(world.quic.stream(0).out_ended);
}

TEST(Http3Session, ends_with_its_connect_stream) {
  World ended;
  ended.opened().bring(0, "", true);
  World reset;
  reset.opened().reset(0, 0x10c);
  World closed;
  closed.opened().closed(0);
  for (World* world : {&ended, &reset, &closed}) {
    ASSERT_EQ(world->handler.log.closes.size(), 1u);
    EXPECT_EQ(world->handler.log.closes[0].cause, WtClose::Cause::stream_ended);
    EXPECT_EQ(world->handler.log.closes[0].code, 0u);
    world->pass(2s);
    EXPECT_EQ(world->quic.close_code, http3_code::no_error);
  }
  EXPECT_TRUE(ended.quic.stream(0).out_ended);
}

TEST(Http3Session, ends_with_its_connection) {
  using Cause = QuicEnd::Cause;
  const struct {
    QuicEnd end;
    WtClose::Cause cause;
    std::uint32_t code;
  } rows[] = {
      {{Cause::peer, http3_code_of(77), true, "bye"}, WtClose::Cause::connection_ended, 77},
      {{Cause::peer, http3_code::no_error, true, ""}, WtClose::Cause::connection_ended, 0},
      {{Cause::peer, http3_code_of(77), false, ""}, WtClose::Cause::connection_ended, 0},
      {{Cause::idle, 0, false, ""}, WtClose::Cause::silent, 0},
      {{Cause::local, 0, true, ""}, WtClose::Cause::local, 0},
      {{Cause::error, 0x0a, false, ""}, WtClose::Cause::violation, 0},
  };
  for (const auto& [end, cause, code] : rows) {
    World world;
    world.opened();
    world.http3->on_ended(end, world.now);
    ASSERT_EQ(world.handler.log.closes.size(), 1u);
    EXPECT_EQ(world.handler.log.closes[0].cause, cause);
    EXPECT_EQ(world.handler.log.closes[0].code, code);
    EXPECT_EQ(world.handler.log.closes[0].reason, end.reason);
    EXPECT_TRUE(world.handler.log.is_destroyed);
    EXPECT_EQ(world.stats.sessions.read(), 0u);
  }
}

TEST(Http3Session, takes_a_close_capsule_without_a_data_frame) {
  World world;
  world.opened().bring(0, close_capsule(9, "bare"));
  ASSERT_EQ(world.handler.log.closes.size(), 1u);
  EXPECT_EQ(world.handler.log.closes[0].code, 9u);
  EXPECT_EQ(world.handler.log.closes[0].reason, "bare");
}

TEST(Http3Session, reads_capsules_across_frames) {
  const std::string capsules =
      capsule(0x17, "grease") + capsule(0x78ae, "") + close_capsule(300, "a reason");
  for (std::size_t cut = 0; cut <= capsules.size(); ++cut) {
    World world;
    world.opened().bring(0, in_data(capsules.substr(0, cut)) + in_data(capsules.substr(cut)));
    ASSERT_EQ(world.handler.log.closes.size(), 1u) << cut;
    EXPECT_EQ(world.handler.log.closes[0].code, 300u);
  }
}

TEST(Http3Session, ends_its_stream_alone_when_a_capsule_is_broken) {
  const std::string broken[] = {
      in_data(close_capsule(1, "\xff")),
      in_data(capsule(0x2843, "abc")),
      in_data(capsule(0x190b4d3e, "\x01\x02")),
  };
  for (const std::string& bytes : broken) {
    World world;
    world.opened().bring(0, bytes);
    ASSERT_EQ(world.handler.log.closes.size(), 1u);
    EXPECT_EQ(world.handler.log.closes[0].cause, WtClose::Cause::violation);
    EXPECT_EQ(world.quic.stream(0).reset_code, http3_code::message_error);
    EXPECT_EQ(world.quic.stream(0).stop_code, http3_code::message_error);
    EXPECT_FALSE(world.quic.close_code);
    EXPECT_EQ(world.stats.violation(Http3Violation::message).read(), 1u);
    world.pass(2s);
    EXPECT_EQ(world.quic.close_code, http3_code::no_error);
  }

  World behind;
  behind.opened().bring(0, in_data(close_capsule(1, "x") + "y"));
  EXPECT_EQ(behind.handler.log.closes[0].cause, WtClose::Cause::capsule);
  EXPECT_EQ(behind.quic.stream(0).reset_code, http3_code::message_error);

  World cut;
  cut.opened().bring(0, in_data(close_capsule(1, "x").substr(0, 5)), true);
  EXPECT_EQ(cut.handler.log.closes[0].cause, WtClose::Cause::violation);
  EXPECT_EQ(cut.quic.stream(0).reset_code, http3_code::message_error);
}

TEST(Http3Session, is_forgotten_when_it_is_taken_back_before_the_answer) {
  World world;
  world.bring(0, headers(connect_fields()), true);
  world.bring(2, control_stream());
  EXPECT_TRUE(world.handler.requests.empty());
  EXPECT_EQ(world.handler.refused, std::vector<std::string>{"taken_back"});
  world.pass(2s);
  EXPECT_EQ(world.quic.close_code, http3_code::no_error);
}

TEST(Http3Session, rejects_what_comes_after_its_end) {
  World world;
  world.opened().bring(0, in_data(close_capsule(0, "")), true);
  world.message(6, "late");
  world.bring(10, std::string(World::uni_head) + "late");
  world.datagram("late");
  EXPECT_EQ(world.quic.stream(10).stop_code, wt_code::session_gone);
  EXPECT_EQ(world.stats.streams_late.read(), 2u);
  EXPECT_EQ(world.stats.datagrams_homeless.read(), 1u);
  EXPECT_TRUE(world.handler.log.messages.empty());
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(Http3Session, sends_datagrams_once_the_client_has_seen_the_answer) {
  World world;
  world.opened();
  WtSession& session = *world.handler.session;
  const Packet packet = Packet::copy_of(as_bytes("pong"), {});
  EXPECT_FALSE(session.send_datagram(packet)) << "it would overtake the 200";

  world.pass(21ms);
  world.flush();
  EXPECT_TRUE(session.send_datagram(packet));
  EXPECT_EQ(world.quic.datagrams, std::vector<std::string>{std::string("\0pong", 5)});
  world.quic.datagram_bytes = 5;
  EXPECT_TRUE(session.send_datagram(packet));
  world.quic.datagram_bytes = 4;
  EXPECT_FALSE(session.send_datagram(packet));
  EXPECT_EQ(world.stats.datagrams_out.read(), 2u);
  EXPECT_EQ(world.stats.datagrams_refused.read(), 2u);
}

TEST(Http3Session, gives_up_a_stream_behind_its_head) {
  World world;
  world.opened();
  const auto stream =
      world.handler.session->send(Packet::copy_of(as_bytes("x"), {}), Urgency::video);
  world.handler.session->abandon(*stream);
  EXPECT_EQ(world.quic.stream(*stream).reset_code, http3_code_of(StreamRefusal::stale));
  EXPECT_EQ(world.quic.stream(*stream).reliable_bytes, 3u);
}

TEST(Http3Session, sends_nothing_without_stream_credit) {
  World world;
  world.opened();
  world.quic.streams_granted = 0;
  EXPECT_FALSE(world.handler.session->send(Packet::copy_of(as_bytes("x"), {}), Urgency::audio));
  EXPECT_EQ(world.stats.stream_credit_missing.read(), 1u);
}

}  // namespace
}  // namespace parley
