#include "webtransport/http3_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

using namespace wt_test;

// The fields of the response on a stream, in `name: value` lines, and the body behind an empty one.
std::string response_on(const FakeQuic& quic, StreamId stream) {
  Bytes rest = as_bytes(quic.stream(stream).out);
  std::string text;
  while (!rest.empty()) {
    const auto type = read_varint(rest);
    const auto length = read_varint(rest);
    if (!type || !length || *length > rest.size()) return "cut: " + text;
    const Bytes payload = rest.first(*length);
    rest = rest.subspan(*length);
    if (*type == http3_frame::headers) {
      const auto fields = decode_fields(payload);
      if (!fields) return "malformed";
      for (const auto& [name, value] : *fields) text += name + ": " + value + "\n";
    } else {
      text += "\n" + std::string(as_text(payload));
    }
  }
  return text;
}

TEST(Http3Connection, sends_its_settings_first) {
  const World world;

  const auto& control = world.quic.stream(3);
  EXPECT_EQ(control.urgency, Urgency::control);
  EXPECT_FALSE(control.out_ended);
  const std::string expected = Wire().number(0).frame(4, as_text(server_settings()));
  EXPECT_EQ(control.out, expected);
}

TEST(Http3Connection, opens_a_session) {
  World world;
  world.opened();

  EXPECT_EQ(response_on(world.quic, 0), ":status: 200\n");
  EXPECT_FALSE(world.quic.stream(0).out_ended);
  ASSERT_EQ(world.handler.requests.size(), 1u);
  EXPECT_EQ(world.handler.requests[0].path, "/lobby/alice/kitchen");
  EXPECT_EQ(world.handler.requests[0].authority, "relay.example:4433");
  EXPECT_EQ(world.quic.outstanding(), 0u);
  EXPECT_EQ(world.stats.sessions.read(), 1u);
  EXPECT_EQ(world.http3->deadline(), never);
}

TEST(Http3Connection, opens_a_session_however_its_streams_are_cut) {
  const std::string control = control_stream();
  const std::string connect = headers(connect_fields()) + in_data(capsule(0x29 * 3 + 0x17, "g"));
  for (std::size_t cut = 0; cut <= control.size(); ++cut) {
    World world;
    world.bring(2, control.substr(0, cut));
    world.bring(0, connect);
    world.bring(2, control.substr(cut));
    EXPECT_EQ(response_on(world.quic, 0), ":status: 200\n") << cut;
  }
  for (std::size_t cut = 0; cut <= connect.size(); ++cut) {
    World world;
    world.bring(2, control);
    world.bring(0, connect.substr(0, cut));
    world.bring(0, connect.substr(cut));
    EXPECT_EQ(response_on(world.quic, 0), ":status: 200\n") << cut;
    EXPECT_EQ(world.quic.outstanding(), 0u);
  }
  World world;
  for (const char byte : control) world.bring(2, {&byte, 1});
  for (const char byte : connect) world.bring(0, {&byte, 1});
  EXPECT_EQ(response_on(world.quic, 0), ":status: 200\n");
}

TEST(Http3Connection, answers_a_connect_only_when_the_settings_are_there) {
  World world;
  world.bring(0, headers(connect_fields()));
  EXPECT_TRUE(world.handler.requests.empty());
  EXPECT_EQ(world.quic.streams[0].out, "");

  world.bring(2, control_stream());
  EXPECT_EQ(world.handler.requests.size(), 1u);
  EXPECT_EQ(response_on(world.quic, 0), ":status: 200\n");
}

TEST(Http3Connection, is_lenient_where_clients_are_odd) {
  const auto grease = [](int n) { return Wire().number(0x1f * n + 0x21).text("anything").str(); };
  const std::string odd_frame = Wire().frame(0x1f * 9 + 0x21, "grease");
  World world;
  world.bring(14, grease(2));                   // a reserved stream
  world.bring(6, std::string("\x02\x20", 2));   // QPACK: capacity 0
  world.bring(10, std::string("\x03\x44", 2));  // QPACK: a stream is cancelled
  world.bring(2, control_stream() + Wire().frame(0xf0700, "u=3").str() +
                     Wire().frame(0x0d, "\x05").str() + Wire().frame(0x0d, "\x06").str() +
                     Wire().frame(0x07, "\x04").str() + Wire().frame(0x07, "\x04").str());
  world.bring(0, odd_frame + odd_frame + headers(connect_fields()) + odd_frame +
                     in_data(capsule(0x17, "")) + in_data(capsule(0x40, std::string(60, 'x'))));
  world.bring(18, grease(3), true);
  world.bring(22, "\x40");
  world.bring(22, "", true);  // ends before it says what it is
  world.reset(26);

  EXPECT_EQ(response_on(world.quic, 0), ":status: 200\n");
  EXPECT_FALSE(world.quic.close_code);
  EXPECT_EQ(world.quic.stream(14).stop_code, http3_code::stream_creation_error);
  EXPECT_EQ(world.stats.unknown_streams.read(), 2u);
  EXPECT_EQ(world.quic.outstanding(), 0u);
  world.message(30, "still alive");
  EXPECT_EQ(world.handler.log.messages, std::vector<std::string>{"still alive"});
}

TEST(Http3Connection, ends_with_the_code_of_what_was_broken) {
  const std::string good = control_stream();
  const auto control = [](std::uint64_t type, std::string_view payload) {
    return Wire().frame(type, payload).str();
  };
  using Bring = std::function<void(World&)>;
  const struct {
    const char* name;
    std::uint64_t code;
    Bring bring;
  } rows[] = {
      {"two control streams", 0x103,
       [&](World& w) { w.bring(2, good), w.bring(6, std::string(1, '\0')); }},
      {"two encoder streams", 0x103, [](World& w) { w.bring(2, "\x02"), w.bring(6, "\x02"); }},
      {"two decoder streams", 0x103, [](World& w) { w.bring(2, "\x03"), w.bring(6, "\x03"); }},
      {"a push stream", 0x103, [](World& w) { w.bring(2, "\x01"); }},
      {"the control stream ends", 0x104, [&](World& w) { w.bring(2, good, true); }},
      {"the control stream is reset", 0x104, [&](World& w) { w.bring(2, good), w.reset(2); }},
      {"the encoder stream ends", 0x104, [](World& w) { w.bring(6, "\x02", true); }},
      {"the decoder stream is reset", 0x104, [](World& w) { w.bring(6, "\x03"), w.reset(6); }},
      {"our control stream is stopped", 0x104, [](World& w) { w.closed(3); }},
      {"no SETTINGS first", 0x10a,
       [&](World& w) { w.bring(2, std::string(1, '\0') + control(7, "\x04")); }},
      {"SETTINGS twice", 0x105, [&](World& w) { w.bring(2, good + control(4, "")); }},
      {"a frame of HTTP/2", 0x105, [&](World& w) { w.bring(2, good + control(2, "")); }},
      {"a setting of HTTP/2", 0x109,
       [&](World& w) { w.bring(2, std::string(1, '\0') + control(4, "\x02\x01")); }},
      {"half a setting", 0x106,
       [&](World& w) { w.bring(2, std::string(1, '\0') + control(4, "\x33")); }},
      {"MAX_PUSH_ID that shrinks", 0x108,
       [&](World& w) { w.bring(2, good + control(0xd, "\x05") + control(0xd, "\x04")); }},
      {"GOAWAY that grows", 0x108,
       [&](World& w) { w.bring(2, good + control(7, "\x04") + control(7, "\x05")); }},
      {"CANCEL_PUSH", 0x108, [&](World& w) { w.bring(2, good + control(3, "\x01")); }},
      {"an id and more", 0x106, [&](World& w) { w.bring(2, good + control(7, "\x04\x05")); }},
      {"half an id", 0x106, [&](World& w) { w.bring(2, good + control(7, "\x40")); }},
      {"DATA before HEADERS", 0x105, [](World& w) { w.bring(0, in_data("x")); }},
      {"HEADERS after HEADERS", 0x105,
       [](World& w) { w.opened().bring(0, headers(get_fields())); }},
      {"a request ends in a frame", 0x106, [](World& w) { w.bring(0, "\x01\x20", true); }},
      {"the CONNECT stream ends in a frame", 0x106,
       [](World& w) { w.opened(), w.bring(0, std::string("\x00\x20", 2), true); }},
      {"fields that cannot be decoded", 0x200,
       [](World& w) { w.bring(0, Wire().frame(1, std::string("\0\0\x80", 3)).str()); }},
      {"an insertion", 0x201, [](World& w) { w.bring(6, "\x02\xc0"); }},
      {"an acknowledgement", 0x202, [](World& w) { w.bring(6, "\x03\x80"); }},
      {"an empty datagram", 0x33, [](World& w) { w.http3->on_datagram({}, w.now); }},
      {"a datagram of half a number", 0x33,
       [](World& w) { w.http3->on_datagram(as_bytes("\x40"), w.now); }},
      {"a datagram of no stream", 0x33,
       [](World& w) { w.datagram("x", (std::uint64_t{1} << 60)); }},
      {"a stream of no session", 0x108,
       [](World& w) { w.bring(6, std::string_view("\x40\x54\x02", 3)); }},
      {"a bidirectional stream of no session", 0x108,
       [](World& w) { w.bring(4, std::string_view("\x40\x41\x01", 3)); }},
      {"0x41 within a request", 0x106,
       [](World& w) { w.bring(0, Wire().frame(0x21, "").number(0x41).number(0).str()); }},
  };
  for (const auto& [name, code, bring] : rows) {
    World world;
    bring(world);
    EXPECT_EQ(world.quic.close_code, code) << name;
    EXPECT_FALSE(world.quic.close_reason.empty()) << name;
    std::uint64_t violations = 0;
    for (const Cell& cell : world.stats.violations) violations += cell.read();
    EXPECT_EQ(violations, 1u) << name;
    EXPECT_EQ(world.http3->deadline(), never);
    // Whatever still comes is not looked at.
    world.bring(40, std::string(1, '\0') + "junk", true);
    world.datagram("x", std::uint64_t{1} << 61);
    world.http3->on_ended({.cause = QuicEnd::Cause::local, .reason = {}}, world.now);
  }
}

TEST(Http3Connection, tells_the_session_when_the_client_broke_the_rules) {
  World world;
  world.opened();
  world.bring(2, Wire().frame(4, "").str());

  ASSERT_EQ(world.handler.log.closes.size(), 1u);
  EXPECT_EQ(world.handler.log.closes[0].cause, WtClose::Cause::violation);
  EXPECT_FALSE(world.handler.log.closes[0].reason.empty());
  EXPECT_EQ(world.stats.sessions.read(), 0u);
  world.http3->on_ended({.cause = QuicEnd::Cause::local, .reason = {}}, world.now);
  EXPECT_EQ(world.handler.log.closes.size(), 1u);
}

TEST(Http3Connection, answers_get_and_head) {
  World world;
  world.bring(0, headers(get_fields()), true);
  EXPECT_EQ(response_on(world.quic, 0),
            ":status: 200\ncontent-type: text/plain\ncontent-length: 5\n\nfine\n");
  EXPECT_TRUE(world.quic.stream(0).out_ended);
  EXPECT_FALSE(world.quic.stream(0).stop_code);

  world.bring(4, headers(get_fields("HEAD")) + in_data("an unwanted body"));
  EXPECT_EQ(response_on(world.quic, 4),
            ":status: 200\ncontent-type: text/plain\ncontent-length: 5\n");
  EXPECT_EQ(world.quic.stream(4).stop_code, http3_code::no_error);
  EXPECT_EQ(world.handler.requests[1].path, "/healthz");
  EXPECT_EQ(world.stats.requests_answered.read(), 2u);
  EXPECT_EQ(world.quic.outstanding(), 0u);

  // A session may still come.
  world.bring(2, control_stream());
  world.bring(8, headers(connect_fields()));
  EXPECT_EQ(response_on(world.quic, 8), ":status: 200\n");
  world.bring(6, std::string_view("\x40\x54\x08m", 4), true);
  world.datagram("d", 2);
  EXPECT_EQ(world.handler.log.messages, (std::vector<std::string>{"m", "d"}));
}

TEST(Http3Connection, refuses_requests_with_a_status_and_says_why) {
  std::vector<Http3Field> many(fields_max + 1, {"a", "b"});
  const auto changed = [](std::vector<Http3Field> fields, std::string_view name,
                          std::string_view value) {
    for (auto& field : fields)
      if (field.first == name) field.second = value;
    return headers(fields);
  };
  const struct {
    std::string request;
    std::string status;
    std::string word;
  } rows[] = {
      {headers(get_fields("POST")), "405", "method"},
      {changed(connect_fields(), ":protocol", "websocket"), "501", "protocol"},
      {changed(connect_fields(), ":scheme", "http"), "400", "malformed"},
      {changed(connect_fields(), ":protocol", ""), "400", "malformed"},
      {headers(many), "431", "too_large"},
      {Wire().number(1).number(headers_bytes_max + 1).str(), "431", "too_large"},
  };
  for (const auto& [request, status, word] : rows) {
    World world;
    world.bring(2, control_stream());
    world.bring(0, request);
    EXPECT_EQ(response_on(world.quic, 0).substr(0, 12), ":status: " + status);
    EXPECT_TRUE(world.quic.stream(0).out_ended);
    EXPECT_EQ(world.quic.stream(0).stop_code, http3_code::no_error);
    EXPECT_EQ(world.handler.refused, std::vector<std::string>{word});
    EXPECT_TRUE(world.handler.requests.empty());
    EXPECT_FALSE(world.quic.close_code);
  }
}

TEST(Http3Connection, refuses_a_session_with_the_handlers_words) {
  World world;
  world.handler.refuse_with = 403;
  world.opened();

  EXPECT_EQ(response_on(world.quic, 0),
            ":status: 403\ncontent-type: text/plain\ncontent-length: 7\n\nnot you");
  EXPECT_TRUE(world.quic.stream(0).out_ended);
  EXPECT_EQ(world.quic.stream(0).stop_code, http3_code::no_error);
  EXPECT_EQ(world.stats.sessions_refused.read(), 1u);
  EXPECT_EQ(world.stats.sessions.read(), 0u);

  // It may try again on the same connection.
  world.handler.refuse_with = 0;
  world.bring(4, headers(connect_fields()));
  EXPECT_EQ(response_on(world.quic, 4), ":status: 200\n");
}

TEST(Http3Connection, refuses_a_client_that_takes_no_datagrams) {
  World world;
  world.quic.datagram_bytes = 0;
  world.bring(2, Wire().number(0).frame(4, Wire().number(0x33).number(0)).str());
  world.bring(0, headers(connect_fields()));

  EXPECT_EQ(response_on(world.quic, 0).substr(0, 12), ":status: 400");
  EXPECT_EQ(world.handler.refused, std::vector<std::string>{"no_datagrams"});
}

TEST(Http3Connection, has_one_session_at_a_time) {
  World world;
  world.opened();
  world.bring(4, headers(connect_fields()));

  EXPECT_EQ(world.quic.stream(4).stop_code, http3_code::request_rejected);
  EXPECT_EQ(world.quic.stream(4).reset_code, http3_code::request_rejected);
  EXPECT_EQ(world.quic.stream(4).out, "");
  EXPECT_EQ(world.handler.refused, std::vector<std::string>{"second_session"});
  world.message(6, "of the first");
  EXPECT_EQ(world.handler.log.messages.size(), 1u);
}

TEST(Http3Connection, forgets_requests_that_are_cut_or_taken_back) {
  World world;
  world.bring(2, control_stream());
  world.bring(0, "", true);
  EXPECT_EQ(world.quic.stream(0).reset_code, http3_code::request_incomplete);
  world.bring(4, "\x01\x20");
  world.reset(4, 0x10c);
  EXPECT_EQ(world.quic.stream(4).reset_code, http3_code::request_cancelled);
  EXPECT_EQ(world.handler.refused, std::vector<std::string>{"incomplete"});
  EXPECT_FALSE(world.quic.close_code);
}

TEST(Http3Connection, refuses_the_clients_bidirectional_streams_politely) {
  World world;
  world.opened();
  world.bring(4, std::string_view("\x40\x41\x00payload", 10));

  EXPECT_EQ(world.quic.stream(4).stop_code, http3_code_of(StreamRefusal::bidirectional));
  EXPECT_EQ(world.quic.stream(4).reset_code, http3_code_of(StreamRefusal::bidirectional));
  EXPECT_EQ(world.stats.bidi_refused.read(), 1u);
  EXPECT_FALSE(world.quic.close_code);
  EXPECT_TRUE(world.handler.log.closes.empty());
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(Http3Connection, gives_up_a_client_that_keeps_it_waiting) {
  World silent;
  EXPECT_EQ(silent.http3->deadline(), silent.now.monotonic + 5s);
  silent.pass(5s);
  EXPECT_EQ(silent.quic.close_code, http3_code::missing_settings);
  EXPECT_EQ(silent.stats.settings_timeouts.read(), 1u);

  World asking;
  asking.bring(0, headers(connect_fields()));
  asking.pass(5s);
  EXPECT_EQ(asking.quic.close_code, http3_code::missing_settings);
  EXPECT_EQ(asking.handler.refused, std::vector<std::string>{"no_settings"});

  World idle;  // the second connection of one browser
  idle.bring(2, control_stream());
  idle.pass(9999ms);
  EXPECT_FALSE(idle.quic.close_code);
  idle.pass(1ms);
  EXPECT_EQ(idle.quic.close_code, http3_code::no_error);
  EXPECT_EQ(idle.stats.session_timeouts.read(), 1u);
}

TEST(Http3Connection, gives_up_streams_that_do_not_say_what_they_are) {
  World world;
  world.opened();
  world.bring(6, "\x40");
  world.bring(4, "\x01\x40");
  world.pass(4999ms);
  EXPECT_FALSE(world.quic.stream(6).stop_code);
  world.pass(1ms);

  EXPECT_EQ(world.quic.stream(6).stop_code, http3_code::stream_creation_error);
  EXPECT_EQ(world.quic.stream(4).reset_code, http3_code::request_incomplete);
  EXPECT_EQ(world.quic.stream(4).stop_code, http3_code::request_incomplete);
  EXPECT_EQ(world.handler.refused, std::vector<std::string>{"too_slow"});
  EXPECT_FALSE(world.quic.close_code);
  EXPECT_EQ(world.http3->deadline(), never);
}

TEST(Http3Connection, needs_a_stream_of_its_own) {
  FakeQuic quic;
  quic.streams_granted = 0;
  Handler handler;
  const Http3Rules rules;
  WtStats stats;
  ShardStats shard_stats;
  PartialBudget partial({}, shard_stats);
  Http3Connection http3(quic, handler, rules, partial, stats);
  http3.on_ready({});
  EXPECT_EQ(quic.close_code, http3_code::stream_creation_error);
}

TEST(Http3Connection, drains) {
  World world;
  world.opened();
  const std::string before = world.quic.stream(0).out;

  world.http3->drain();
  world.http3->drain();

  EXPECT_TRUE(world.quic.stream(3).out.ends_with(Wire().frame(7, "\x04").str()));
  EXPECT_EQ(world.quic.stream(0).out, before + in_data(capsule(0x78ae, "")));
  world.bring(4, headers(get_fields()), true);
  EXPECT_EQ(world.quic.stream(4).reset_code, http3_code::request_rejected);
  world.message(6, "last words");
  EXPECT_EQ(world.handler.log.messages.size(), 1u);
}

}  // namespace
}  // namespace parley
