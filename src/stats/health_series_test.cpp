#include "stats/health_series.h"

#include <gtest/gtest.h>

#include <sstream>

#include "stats/family_text.h"
#include "stats/testing/series_text.h"

namespace parley {
namespace {

using fields::number;
using fields::real;
using fields::text;
using Series = std::map<std::string, std::string>;

constexpr std::uint64_t begin_ms = 1'770'000'000'000;

struct HealthSeriesTest : testing::Test {
  Now at(Duration since_start) const {
    const auto ms = std::chrono::duration_cast<Millis>(since_start).count();
    return {TimePoint{} + 1h + since_start, {begin_ms + static_cast<std::uint64_t>(ms)}};
  }
  MessageOutcome hear(const std::string& packet, Duration since_start = 0s) {
    return series.on_report(as_bytes(packet), at(since_start));
  }
  std::string page(Duration since_start = 0s) {
    std::ostringstream out;
    series.render(out, at(since_start).monotonic);
    return std::move(out).str();
  }

  HealthSeries series;
};

/// alice of the meeting "room_1" reports on bob with every number there is.
std::string full_report(std::uint64_t unix_ms = begin_ms) {
  std::string operations;
  for (unsigned i = 1; i <= 9; ++i) operations += real(i, i);
  const std::string audio = real(1, 60.5) + real(2, 3) + text(3, text(1, operations)) + real(4, 50);
  const std::string video = real(1, 24) + real(2, 2) + number(3, 1000) + number(4, 300);
  const std::string bob =
      number(1, 1) + number(2, 1) + number(3, 1) + number(4, 1) + text(5, audio) + text(6, video);
  return health_packet("42", "room_1", "alice@example.org", unix_ms) + number(5, 1) + number(6, 1) +
         health_peer("7", bob) + text(8, "wss://relay") + text(9, "websocket") + real(10, 12.5);
}

TEST_F(HealthSeriesTest, every_number_of_a_report_has_its_series) {
  EXPECT_EQ(hear(full_report()), MessageOutcome::taken);

  const std::string pair =
      R"({meeting_id="room_1",session_id="42",from_peer="alice@example.org",to_peer="7"})";
  const std::string server = R"({meeting_id="room_1",session_id="42",peer_id="alice@example.org",)"
                             R"(server_url="wss://relay",server_type="websocket"})";
  EXPECT_EQ(
      series_of(page()),
      (Series{{"videocall_active_sessions_total{meeting_id=\"room_1\",session_id=\"42\"}", "1"},
              {"videocall_meeting_participants{meeting_id=\"room_1\"}", "2"},
              {"videocall_peer_connections_total{meeting_id=\"room_1\",peer_id=\"7\"}", "1"},
              {"videocall_self_audio_enabled{meeting_id=\"room_1\",peer_id=\"alice@example.org\"}",
               "1"},
              {"videocall_self_video_enabled{meeting_id=\"room_1\",peer_id=\"alice@example.org\"}",
               "1"},
              {"videocall_client_active_server" + server, "1"},
              {"videocall_client_active_server_rtt_ms" + server, "12.5"},
              {"videocall_peer_can_listen" + pair, "1"},
              {"videocall_peer_can_see" + pair, "1"},
              {"videocall_peer_audio_enabled" + pair, "1"},
              {"videocall_peer_video_enabled" + pair, "1"},
              {"videocall_neteq_audio_buffer_ms" + pair, "60.5"},
              {"videocall_neteq_packets_awaiting_decode" + pair, "3"},
              {"videocall_neteq_packets_per_sec" + pair, "50"},
              {"videocall_neteq_normal_ops_per_sec" + pair, "1"},
              {"videocall_neteq_expand_ops_per_sec" + pair, "2"},
              {"videocall_neteq_accelerate_ops_per_sec" + pair, "3"},
              {"videocall_neteq_fast_accelerate_ops_per_sec" + pair, "4"},
              {"videocall_neteq_preemptive_expand_ops_per_sec" + pair, "5"},
              {"videocall_neteq_merge_ops_per_sec" + pair, "6"},
              {"videocall_neteq_comfort_noise_ops_per_sec" + pair, "7"},
              {"videocall_neteq_dtmf_ops_per_sec" + pair, "8"},
              {"videocall_neteq_undefined_ops_per_sec" + pair, "9"},
              {"videocall_video_fps" + pair, "24"},
              {"videocall_video_packets_buffered" + pair, "2"}}));
}

TEST_F(HealthSeriesTest, a_client_that_says_no_more_is_forgotten_with_all_its_series) {
  hear(full_report());

  EXPECT_EQ(series_of(page(30s)).size(), 25u);
  EXPECT_EQ(page(30s + 1ms), "");
  EXPECT_EQ(series.pairs(), 0u);
}

TEST_F(HealthSeriesTest, a_peer_that_is_gone_from_the_report_has_no_series_any_more) {
  hear(full_report());
  hear(health_packet("42", "room_1", "alice@example.org", begin_ms), 5s);

  EXPECT_EQ(series_of(page(5s)).size(), 4u);
  EXPECT_EQ(series_of(page(5s), "videocall_peer_audio_enabled"), Series{});
  EXPECT_EQ(series_of(page(5s), "videocall_meeting_participants"),
            (Series{{"videocall_meeting_participants{meeting_id=\"room_1\"}", "1"}}));
}

TEST_F(HealthSeriesTest, zero_is_a_value) {
  hear(full_report());
  hear(health_packet("42", "room_1", "alice@example.org", begin_ms) +
       health_peer("7", text(5, "") + text(6, "")) + text(8, "wss://relay"));

  const std::string now = page();
  for (const char* name : {"videocall_neteq_audio_buffer_ms", "videocall_neteq_packets_per_sec",
                           "videocall_neteq_packets_awaiting_decode", "videocall_video_fps",
                           "videocall_video_packets_buffered", "videocall_peer_can_listen",
                           "videocall_client_active_server_rtt_ms"}) {
    const Series found = series_of(now, name);
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_EQ(found.begin()->second, "0") << name;
  }
}

TEST_F(HealthSeriesTest, what_a_report_leaves_out_has_no_series) {
  hear(health_packet("", "", "", begin_ms) + health_peer("7"));

  EXPECT_EQ(series_of(page(), "videocall_neteq_audio_buffer_ms"), Series{});
  EXPECT_EQ(series_of(page(), "videocall_video_fps"), Series{});
  EXPECT_EQ(series_of(page(), "videocall_client_active_server"), Series{});
  EXPECT_EQ(
      series_of(page(), "videocall_active_sessions_total"),
      (Series{
          {R"(videocall_active_sessions_total{meeting_id="unknown",session_id="unknown"})", "1"}}));
}

TEST_F(HealthSeriesTest, what_several_reports_say_is_written_once) {
  const auto report = [](const char* session, unsigned audio) {
    return health_packet(session, "room", "alice", begin_ms) + number(5, audio) + health_peer("7") +
           health_peer("8");
  };
  hear(report("1", 1), 0s);
  hear(report("2", 0), 1s);
  hear(health_packet("1", "room", "bob", begin_ms) + health_peer("7"), 1s);

  const Series all = series_of(page(1s));
  for (const auto& [name, value] : all) EXPECT_NE(value, "written twice") << name;
  EXPECT_EQ(all.at(R"(videocall_self_audio_enabled{meeting_id="room",peer_id="alice"})"), "0");
  EXPECT_EQ(all.at(R"(videocall_meeting_participants{meeting_id="room"})"), "3");
}

TEST_F(HealthSeriesTest, a_report_from_long_ago_is_ignored_and_one_from_the_future_is_not) {
  EXPECT_EQ(hear(full_report(begin_ms - 30'000)), MessageOutcome::taken);
  EXPECT_EQ(hear(full_report(begin_ms - 30'001)), MessageOutcome::stale);
  EXPECT_EQ(hear(full_report(begin_ms + 3'600'000)), MessageOutcome::taken);
}

TEST_F(HealthSeriesTest, what_is_no_report_changes_nothing) {
  EXPECT_EQ(hear("\xff\xff"), MessageOutcome::malformed);
  EXPECT_EQ(hear(std::string(health_bytes_max + 1, 'x')), MessageOutcome::too_large);
  std::string crowd = health_packet("1", "room", "eve", begin_ms);
  for (int i = 0; i < 10'000; ++i) crowd += health_peer(std::to_string(i));
  EXPECT_EQ(hear(crowd), MessageOutcome::too_many_peers);

  EXPECT_EQ(page(), "");
}

TEST_F(HealthSeriesTest, names_are_cut_and_escaped) {
  hear(health_packet("4\n2", "ro\"om", "\xff\xfe", begin_ms) +
       health_peer(std::string(1000, 'x') + "1") + health_peer(std::string(1000, 'x') + "2"));

  const Series pairs = series_of(page(), "videocall_peer_can_see");
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_EQ(
      pairs.begin()->first,
      R"(videocall_peer_can_see{meeting_id="ro\"om",session_id="4\n2",from_peer="??",to_peer=")" +
          std::string(label_bytes_max, 'x') + "\"}");
}

TEST_F(HealthSeriesTest, the_table_has_a_bound_and_room_again_when_somebody_is_forgotten) {
  const auto report = [](int i) {
    std::string packet = health_packet(std::to_string(i), "room", "eve", begin_ms);
    for (int peer = 0; peer < 1000; ++peer) packet += health_peer(std::to_string(peer));
    return packet;
  };
  constexpr int fitting = health_pairs_max / 1000;
  for (int i = 0; i < fitting; ++i) ASSERT_EQ(hear(report(i)), MessageOutcome::taken);

  EXPECT_EQ(hear(report(fitting)), MessageOutcome::table_full);
  EXPECT_EQ(hear(report(0)), MessageOutcome::taken);  // a report again, instead of its last
  EXPECT_EQ(hear(full_report()), MessageOutcome::table_full);
  EXPECT_EQ(series.pairs(), health_pairs_max);

  EXPECT_EQ(hear(health_packet("1", "room", "bob", begin_ms + 31'000), 31s), MessageOutcome::taken);
  EXPECT_EQ(hear(full_report(begin_ms + 31'000), 31s), MessageOutcome::taken);
  EXPECT_EQ(series.pairs(), 1u);
}

}  // namespace
}  // namespace parley
