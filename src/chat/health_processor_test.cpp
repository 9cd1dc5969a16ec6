#include "chat/health_processor.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace parley {
namespace {

struct Listener final : DiagnosticsSink {
  void publish(const std::string& subject, Bytes payload) override {
    heard.emplace_back(subject, as_text(payload));
  }
  std::vector<std::pair<std::string, std::string>> heard;
};

struct HealthProcessorTest : testing::Test {
  HealthOutcome process(std::string_view inner, Duration since_start = 0s) {
    const HealthReporter alice{{42}, "alice", "room1", "websocket"};
    return processor.process(as_bytes(inner), alice, limiter, TimePoint{} + 1h + since_start);
  }

  Listener listener;
  HealthProcessor processor{{"eu.west", "websocket", "server-1"}, listener};
  HealthLimiter limiter;
};

TEST_F(HealthProcessorTest, a_report_goes_to_the_subject_of_its_server_in_the_sessions_name) {
  // Somebody else's meeting and name; at 77 ms since 1970.
  EXPECT_EQ(process("\x12\x05other\x1a\x03"
                    "eve\x20\x4d"),
            HealthOutcome::sent);

  ASSERT_EQ(listener.heard.size(), 1u);
  EXPECT_EQ(listener.heard[0].first, "health.diagnostics.eu_west.websocket.server-1");
  EXPECT_EQ(listener.heard[0].second,
            "\x0a\x02"
            "42\x12\x05room1\x1a\x05"
            "alice\x20\x4d\x4a\x09websocket");
  EXPECT_EQ(processor.count(HealthOutcome::sent).read(), 1u);
}

TEST_F(HealthProcessorTest, what_is_refused_is_counted_and_goes_nowhere) {
  std::string crowd;
  for (int i = 0; i < 10'000; ++i)
    crowd += std::string("\x3a\x06\x0a\x04") + std::to_string(1000 + i % 9000);

  EXPECT_EQ(process("\xff\xff", 0s), HealthOutcome::malformed);
  EXPECT_EQ(process(crowd, 2s), HealthOutcome::too_many_peers);
  EXPECT_EQ(process(std::string(health_bytes_max + 1, 'x'), 4s), HealthOutcome::too_large);

  EXPECT_TRUE(listener.heard.empty());
  EXPECT_EQ(processor.count(HealthOutcome::malformed).read(), 1u);
  EXPECT_EQ(processor.count(HealthOutcome::too_many_peers).read(), 1u);
  EXPECT_EQ(processor.count(HealthOutcome::too_large).read(), 1u);
}

TEST_F(HealthProcessorTest, a_session_reports_twice_in_a_second_and_no_more) {
  EXPECT_EQ(process(""), HealthOutcome::sent);
  EXPECT_EQ(process("", 1ms), HealthOutcome::sent);
  EXPECT_EQ(process("", 1000ms), HealthOutcome::too_often);
  EXPECT_EQ(process("", 1001ms), HealthOutcome::sent);
  EXPECT_EQ(listener.heard.size(), 3u);
}

TEST(HealthOutcome, every_outcome_has_its_own_name) {
  for (std::size_t i = 0; i < health_outcome_count; ++i)
    EXPECT_NE(name_of(static_cast<HealthOutcome>(i)), "unknown");
}

}  // namespace
}  // namespace parley
