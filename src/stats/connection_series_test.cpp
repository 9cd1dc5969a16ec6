#include "stats/connection_series.h"

#include <gtest/gtest.h>

#include <sstream>

#include "stats/testing/series_text.h"

namespace parley {
namespace {

using Kind = ConnectionEvent::Kind;
using Series = std::map<std::string, std::string>;

constexpr std::uint64_t begin_ms = 1'770'000'000'000;

struct ConnectionSeriesTest : testing::Test {
  Now at(Duration since_start) const {
    const auto ms = std::chrono::duration_cast<Millis>(since_start).count();
    return {TimePoint{} + 1h + since_start, {begin_ms + static_cast<std::uint64_t>(ms)}};
  }

  /// An event of a connection whose names are full of what used to separate them.
  MessageOutcome hear(Kind kind, Duration since_start, std::optional<DataTransfer> data = {},
                      Millis duration = {}) {
    return hear_from("ann_e@example.org", "42", kind, since_start, data, duration);
  }
  MessageOutcome hear_from(const std::string& user, const std::string& session, Kind kind,
                           Duration since_start, std::optional<DataTransfer> data = {},
                           Millis duration = {}) {
    ConnectionEvent event;
    event.kind = kind;
    event.at = at(since_start).unix;
    event.session_id = session;
    event.user_id = user;
    event.meeting_id = "room_1";
    event.protocol = "websocket";
    event.server_instance = "relay_a";
    event.region = "eu_west";
    event.data = data;
    event.duration = duration;
    return series.on_event(as_bytes(encode(event)), at(since_start));
  }

  std::string page(Duration since_start) {
    std::ostringstream out;
    series.render(out, at(since_start).monotonic);
    return std::move(out).str();
  }
  std::size_t active(Duration since_start) {
    return series_of(page(since_start), "videocall_server_connections_active").size();
  }

  ConnectionSeries series;
};

TEST_F(ConnectionSeriesTest, every_fact_has_its_series_with_its_own_labels) {
  hear(Kind::started, 0s);
  hear(Kind::data_transferred, 5s, DataTransfer{300, 7});

  const std::string where =
      R"(session_id="42",protocol="websocket",customer_email="ann_e@example.org",)"
      R"(meeting_id="room_1",server_instance="relay_a",region="eu_west"})";
  EXPECT_EQ(series_of(page(5s)),
            (Series{{"videocall_server_connections_active{" + where, "1"},
                    {R"(videocall_server_unique_users_active{customer_email="ann_e@example.org",)"
                     R"(meeting_id="room_1",region="eu_west"})",
                     "1"},
                    {R"(videocall_server_protocol_connections{protocol="websocket",)"
                     R"(customer_email="ann_e@example.org",meeting_id="room_1",region="eu_west"})",
                     "1"},
                    {"videocall_server_data_bytes_total{direction=\"sent\"," + where, "300"},
                    {"videocall_server_data_bytes_total{direction=\"received\"," + where, "7"},
                    {"videocall_server_connection_events_total", "2"}}));
}

TEST_F(ConnectionSeriesTest, a_connection_nobody_tells_of_is_forgotten_after_ten_seconds) {
  hear(Kind::started, 0s);
  hear(Kind::data_transferred, 5s, DataTransfer{300, 7});

  EXPECT_EQ(active(15s), 1u);
  EXPECT_EQ(series_of(page(15s + 1ms)),
            (Series{{"videocall_server_connection_events_total", "2"}}));
  EXPECT_EQ(series.connections(), 0u);
}

TEST_F(ConnectionSeriesTest, one_that_has_carried_nothing_is_believed_in_for_half_a_minute) {
  hear(Kind::started, 0s);

  EXPECT_EQ(active(30s), 1u);
  EXPECT_EQ(series_of(page(30s), "videocall_server_data_bytes_total"), Series{});
  EXPECT_EQ(active(30s + 1ms), 0u);
}

TEST_F(ConnectionSeriesTest, a_server_that_tells_rarely_is_waited_for_longer) {
  hear(Kind::started, 0s);
  hear(Kind::data_transferred, 20s, DataTransfer{1, 1});

  EXPECT_EQ(active(60s), 1u);
  EXPECT_EQ(active(60s + 1ms), 0u);
}

TEST_F(ConnectionSeriesTest, one_that_has_ended_is_gone_at_once_and_its_bytes_a_little_later) {
  hear(Kind::started, 0s);
  hear(Kind::ended, 2s, DataTransfer{300, 7}, 2000ms);

  EXPECT_EQ(active(2s), 0u);
  EXPECT_EQ(series_of(page(2s), "videocall_server_unique_users_active"), Series{});
  EXPECT_EQ(series_of(page(12s), "videocall_server_data_bytes_total").size(), 2u);
  EXPECT_EQ(series_of(page(12s + 1ms), "videocall_server_data_bytes_total"), Series{});
}

TEST_F(ConnectionSeriesTest, the_end_of_a_sessions_first_connection_does_not_end_its_second) {
  hear(Kind::started, 0s);
  hear(Kind::started, 20s);
  hear(Kind::ended, 21s, DataTransfer{300, 7}, 21s);

  EXPECT_EQ(active(21s), 1u);

  hear(Kind::ended, 25s, DataTransfer{1, 1}, 5s);
  EXPECT_EQ(active(25s), 0u);
}

TEST_F(ConnectionSeriesTest, a_session_that_starts_again_begins_at_no_bytes) {
  hear(Kind::started, 0s);
  hear(Kind::ended, 2s, DataTransfer{300, 7}, 2000ms);
  hear(Kind::started, 3s);

  EXPECT_EQ(active(3s), 1u);
  EXPECT_EQ(series_of(page(3s), "videocall_server_data_bytes_total"), Series{});
}

TEST_F(ConnectionSeriesTest, a_user_with_two_connections_is_one_user) {
  hear_from("bob", "1", Kind::started, 0s);
  hear_from("bob", "2", Kind::started, 0s);

  EXPECT_EQ(active(0s), 2u);
  EXPECT_EQ(series_of(page(0s), "videocall_server_unique_users_active").size(), 1u);
  EXPECT_EQ(series_of(page(0s), "videocall_server_protocol_connections").size(), 1u);
}

TEST_F(ConnectionSeriesTest, what_is_old_or_garbage_changes_nothing) {
  ConnectionEvent old;
  old.kind = Kind::started;
  old.at = {begin_ms - 30'001};
  ConnectionEvent of_no_kind;
  of_no_kind.at = {begin_ms};

  const auto take = [&](const std::string& bytes) {
    return series.on_event(as_bytes(bytes), at(0s));
  };
  EXPECT_EQ(take(encode(old)), MessageOutcome::stale);
  EXPECT_EQ(take(encode(of_no_kind)), MessageOutcome::malformed);
  EXPECT_EQ(take("\xff\xff"), MessageOutcome::malformed);
  EXPECT_EQ(take(std::string(20'000, 'x')), MessageOutcome::too_large);
  EXPECT_EQ(series_of(page(0s)), (Series{{"videocall_server_connection_events_total", "0"}}));
}

TEST_F(ConnectionSeriesTest, an_end_that_was_before_the_beginning_of_time_is_harmless) {
  hear(Kind::started, 0s);
  ConnectionEvent end;
  end.kind = Kind::ended;
  end.at = at(0s).unix;
  end.duration = Millis(std::numeric_limits<std::int64_t>::max() / 1'000'000);

  EXPECT_EQ(series.on_event(as_bytes(encode(end)), at(0s)), MessageOutcome::taken);
  EXPECT_EQ(active(0s), 1u);
}

TEST_F(ConnectionSeriesTest, the_table_has_a_bound_and_room_again_when_somebody_is_forgotten) {
  for (std::size_t i = 0; i < connections_max; ++i)
    ASSERT_EQ(hear_from("eve", std::to_string(i), Kind::started, 0s), MessageOutcome::taken);

  EXPECT_EQ(hear(Kind::started, 0s), MessageOutcome::table_full);
  EXPECT_EQ(hear_from("eve", "7", Kind::data_transferred, 1s, DataTransfer{1, 1}),
            MessageOutcome::taken);
  EXPECT_EQ(hear(Kind::started, 31s), MessageOutcome::taken);
  EXPECT_EQ(series.connections(), 1u);
}

}  // namespace
}  // namespace parley
