#include "stats/fleet_metrics.h"

#include <gtest/gtest.h>

#include "stats/testing/series_text.h"

namespace parley {
namespace {

constexpr UnixMillis start{1'770'000'000'500};
constexpr Now now{TimePoint{} + 1h, start};

struct FleetMetricsTest : testing::Test {
  std::string value_of(const std::string& series) {
    const auto all = series_of(metrics.render(bus, now));
    const auto found = all.find(series);
    return found == all.end() ? "absent" : found->second;
  }

  FleetMetrics::BusState bus;
  FleetMetrics metrics{{.version = "1.2.3", .git_sha = "abcdef01"}, start};
};

TEST_F(FleetMetricsTest, a_message_goes_where_its_subject_says) {
  ConnectionEvent event;
  event.kind = ConnectionEvent::Kind::started;
  event.at = start;

  metrics.on_message("health.diagnostics.eu.websocket.a",
                     as_bytes(health_packet("1", "room", "alice", start.count)), now);
  metrics.on_message("server.connections.eu.websocket.a", as_bytes(encode(event)), now);
  metrics.on_message("server.connections.eu.websocket.a", as_bytes("\xff"), now);
  metrics.on_message("health.other.eu", as_bytes("\xff"), now);

  EXPECT_EQ(value_of(R"(videocall_active_sessions_total{meeting_id="room",session_id="1"})"), "1");
  EXPECT_EQ(value_of("videocall_server_connection_events_total"), "1");
  EXPECT_EQ(value_of(R"(parley_metrics_messages_total{kind="health",outcome="taken"})"), "1");
  EXPECT_EQ(value_of(R"(parley_metrics_messages_total{kind="health",outcome="malformed"})"), "0");
  EXPECT_EQ(value_of(R"(parley_metrics_messages_total{kind="connection",outcome="taken"})"), "1");
  EXPECT_EQ(value_of(R"(parley_metrics_messages_total{kind="connection",outcome="malformed"})"),
            "1");
  EXPECT_EQ(value_of(R"(parley_metrics_remembered{what="reporters"})"), "1");
}

TEST_F(FleetMetricsTest, it_tells_of_itself_before_anything_is_heard) {
  bus = {true, 3};

  EXPECT_EQ(value_of("parley_metrics_bus_connected"), "1");
  EXPECT_EQ(value_of("parley_metrics_messages_lost_total"), "3");
  EXPECT_EQ(value_of(R"(parley_build_info{git_sha="abcdef01",version="1.2.3"})"), "1");
  EXPECT_EQ(std::stod(value_of("videocall_metrics_service_startup_timestamp_seconds")),
            1'770'000'000.5);
}

}  // namespace
}  // namespace parley
