#include "chat/server_diagnostics.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace parley {
namespace {

/// Keeps what is told, in the words of a test: "started 1 alice@room", "data 1 10/20", …
struct Listener final : DiagnosticsSink {
  void publish(const std::string& subject, Bytes payload) override {
    last_subject = subject;
    const auto event = decode_connection_event(payload);
    ASSERT_TRUE(event);
    last = *event;
    heard.push_back(sentence(*event));
  }

  static std::string sentence(const ConnectionEvent& event) {
    const std::string bytes = event.data ? " " + std::to_string(event.data->sent) + "/" +
                                               std::to_string(event.data->received)
                                         : "";
    switch (event.kind) {
      case ConnectionEvent::Kind::started:
        return "started " + event.session_id + " " + event.user_id + "@" + event.meeting_id +
               (event.is_reconnection ? " again" : "");
      case ConnectionEvent::Kind::data_transferred:
        return "data " + event.session_id + bytes;
      case ConnectionEvent::Kind::ended:
        return "ended " + event.session_id + bytes + " after " +
               std::to_string(event.duration.count());
      case ConnectionEvent::Kind::unknown:
        break;
    }
    return "unknown";
  }

  std::vector<std::string> read() { return std::exchange(heard, {}); }

  std::vector<std::string> heard;
  std::string last_subject;
  ConnectionEvent last;
};

using Lines = std::vector<std::string>;

struct ServerDiagnosticsTest : testing::Test {
  Now at(Duration since_start) const {
    return {TimePoint{} + 1h + since_start,
            {1'770'000'000'000 +
             static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(since_start).count())}};
  }

  RecentConnections recent;
  Listener listener;
  ServerDiagnostics diagnostics{{{"us-east", "websocket", "relay-1"}, 5s}, recent, listener};
  Identity alice{RoomId{"room"}, "alice", "Alice"};
  Identity bob{RoomId{"room"}, "bob", "Bob"};
  TrackerSender of_alice{&diagnostics, alice, "websocket"};
  TrackerSender of_bob{&diagnostics, bob, "webtransport"};

  ~ServerDiagnosticsTest() override {
    of_alice.connection_ended(at(1h));
    of_bob.connection_ended(at(1h));
  }
};

TEST_F(ServerDiagnosticsTest, tells_of_a_connection_from_start_to_end) {
  of_alice.connection_started({1}, false, at(0s));
  EXPECT_EQ(diagnostics.deadline(), at(5s).monotonic);
  of_alice.packet_sent(100);
  of_alice.packet_received(7);
  diagnostics.on_deadline(at(5s));
  of_alice.packet_sent(1);
  diagnostics.on_deadline(at(10s));
  of_alice.connection_ended(at(11500ms));

  EXPECT_EQ(listener.read(), (Lines{"started 1 alice@room", "data 1 100/7", "data 1 101/7",
                                    "ended 1 101/7 after 11500"}));
  EXPECT_EQ(diagnostics.deadline(), never);
}

TEST_F(ServerDiagnosticsTest, says_where_and_how) {
  of_bob.connection_started({0x8123456789abcdef}, false, at(250ms));

  EXPECT_EQ(listener.last_subject, "server.connections.us-east.websocket.relay-1");
  EXPECT_EQ(listener.last.session_id, "9305357566071262703");
  EXPECT_EQ(listener.last.protocol, "webtransport");
  EXPECT_EQ(listener.last.server_instance, "relay-1");
  EXPECT_EQ(listener.last.region, "us-east");
  EXPECT_EQ(listener.last.at.count, 1'770'000'000'250u);
}

TEST_F(ServerDiagnosticsTest, is_silent_about_a_connection_that_carried_nothing) {
  of_alice.connection_started({1}, false, at(0s));
  diagnostics.on_deadline(at(5s));
  of_alice.connection_ended(at(6s));

  EXPECT_EQ(listener.read(), (Lines{"started 1 alice@room", "ended 1 0/0 after 6000"}));
}

TEST_F(ServerDiagnosticsTest, what_came_before_the_session_had_an_id_counts) {
  of_alice.packet_received(3);
  of_alice.connection_started({1}, false, at(0s));
  diagnostics.on_deadline(at(5s));

  EXPECT_EQ(listener.read(), (Lines{"started 1 alice@room", "data 1 0/3"}));
}

TEST_F(ServerDiagnosticsTest, a_connection_that_never_got_an_id_is_not_told_of) {
  of_alice.packet_received(3);
  of_alice.connection_ended(at(1s));

  EXPECT_EQ(listener.read(), Lines{});
  EXPECT_EQ(diagnostics.connections(), 0u);
}

TEST_F(ServerDiagnosticsTest, each_connection_has_its_own_pace_and_none_is_told_of_early) {
  of_alice.connection_started({1}, false, at(0s));
  of_bob.connection_started({2}, false, at(2s));
  of_alice.packet_sent(1);
  of_bob.packet_sent(2);
  listener.read();

  diagnostics.on_deadline(at(5s));
  EXPECT_EQ(listener.read(), Lines{"data 1 1/0"});
  diagnostics.on_deadline(at(7s));
  EXPECT_EQ(listener.read(), Lines{"data 2 2/0"});
  EXPECT_EQ(diagnostics.deadline(), at(10s).monotonic);
}

TEST_F(ServerDiagnosticsTest, who_comes_back_reconnects_until_he_is_forgotten) {
  of_alice.connection_started({1}, false, at(0s));
  of_alice.connection_ended(at(1s));
  of_bob.connection_started({2}, false, at(2s));
  of_alice.connection_started({3}, false, at(60s));
  of_alice.connection_ended(at(61s));
  of_alice.connection_started({4}, false, at(10min));

  EXPECT_EQ(listener.read(), (Lines{"started 1 alice@room", "ended 1 0/0 after 1000",
                                    "started 2 bob@room", "started 3 alice@room again",
                                    "ended 3 0/0 after 1000", "started 4 alice@room"}));
}

TEST_F(ServerDiagnosticsTest, a_candidate_beside_another_is_no_reconnection_but_a_resumption_is) {
  TrackerSender candidate(&diagnostics, alice, "webtransport");
  TrackerSender resumption(&diagnostics, alice, "webtransport");
  of_alice.connection_started({1}, false, at(0s));
  candidate.connection_started({2}, false, at(0s));
  resumption.connection_started({1}, true, at(1s));

  EXPECT_EQ(listener.read(),
            (Lines{"started 1 alice@room", "started 2 alice@room", "started 1 alice@room again"}));
  candidate.connection_ended(at(2s));
  resumption.connection_ended(at(2s));
}

TEST_F(ServerDiagnosticsTest, a_crowd_is_told_of_over_several_turns) {
  std::deque<TrackerSender> crowd;
  constexpr std::size_t size = ServerDiagnostics::samples_per_turn * 2 + 1;
  for (std::size_t i = 1; i <= size; ++i) {
    crowd.emplace_back(&diagnostics, bob, "websocket").connection_started({i}, false, at(0s));
    crowd.back().packet_sent(i);
  }
  listener.read();

  diagnostics.on_deadline(at(5s));
  EXPECT_EQ(listener.read().size(), ServerDiagnostics::samples_per_turn);
  EXPECT_LE(diagnostics.deadline(), at(5s).monotonic);
  diagnostics.on_deadline(at(5s));
  diagnostics.on_deadline(at(5s));
  EXPECT_EQ(listener.read().size(), ServerDiagnostics::samples_per_turn + 1);
  EXPECT_EQ(diagnostics.deadline(), at(10s).monotonic);
  for (TrackerSender& tracker : crowd) tracker.connection_ended(at(6s));
}

TEST_F(ServerDiagnosticsTest, without_diagnostics_a_tracker_only_counts) {
  TrackerSender alone(nullptr, alice, "websocket");
  alone.connection_started({1}, false, at(0s));
  alone.packet_sent(5);
  alone.connection_ended(at(1s));

  EXPECT_EQ(alone.data().sent, 5u);
  EXPECT_EQ(listener.read(), Lines{});
}

}  // namespace
}  // namespace parley
