// A health report leaves the relay in its session's name and without what is behind the address,
// whatever a client wrote; and whatever comes over the bus, the series are text of labels that are
// UTF-8, each written once.
//
// Input: a HealthPacket (or, for the other half of the series, a ServerConnectionPacket), or
// anything else.

#include <cstddef>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "base/check.h"
#include "stats/connection_series.h"
#include "stats/health_series.h"
#include "wire/health_report.h"
#include "wire/proto/health_packet.pb.h"
#include "wire/utf8.h"

namespace parley {
namespace {

constexpr HealthReporter alice{{42}, "alice", "kitchen", "websocket"};

void attribute(Bytes inner) {
  const auto report = attributed_health_report(inner, alice);
  if (!report) return;
  proto::HealthPacket seen;
  check(seen.ParseFromString(*report), "what goes out is no report");
  check(seen.session_id() == "42" && seen.meeting_id() == "kitchen" &&
            seen.reporting_user_id() == "alice" && seen.active_server_type() == "websocket",
        "the client has the last word on who he is");
  check(seen.active_server_url().find_first_of("?#") == std::string::npos, "a query gets out");
  check(seen.peer_stats().size() <= static_cast<int>(health_peers_max), "a crowd gets out");
  const auto again = attributed_health_report(as_bytes(*report), alice);
  check(again && *again == *report, "the same report is other bytes the second time");
}

void expect_sound(const std::string& page) {
  check(is_utf8(as_bytes(page)), "the page is not UTF-8");
  std::set<std::string> series;
  std::istringstream in(page);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    const auto space = line.rfind(' ');
    check(space != std::string::npos, "a line is no series");
    check(series.insert(line.substr(0, space)).second, "a series is written twice");
  }
}

void show(Bytes payload) {
  // Twice, so that the second finds the first; in 1970, when nothing is too old.
  const Now now{TimePoint{} + 1h, {0}};
  HealthSeries health;
  ConnectionSeries connections;
  std::ostringstream page;
  for (int i = 0; i < 2; ++i) {
    (void)health.on_report(payload, now);
    (void)connections.on_event(payload, now);
  }
  health.render(page, now.monotonic);
  connections.render(page, now.monotonic);
  expect_sound(page.str());
  health.render(page, now.monotonic + 1h);
  connections.render(page, now.monotonic + 1h);
  check(health.reporters() == 0 && health.pairs() == 0, "a reporter is not forgotten");
  check(connections.connections() == 0, "a connection is not forgotten");
}

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::attribute({data, size});
  parley::show({data, size});
  return 0;
}
