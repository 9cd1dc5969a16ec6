#include "server/metrics_command.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

using Words = std::vector<std::string>;

TEST(MetricsCommand, listens_where_the_original_did) {
  const auto options = parse_metrics_arguments(Words{}, {});

  ASSERT_TRUE(options);
  EXPECT_EQ(options->host, "0.0.0.0");
  EXPECT_EQ(options->port, 9091);
  EXPECT_EQ(options->config.bus.url, "nats://nats:4222");
}

TEST(MetricsCommand, takes_the_originals_variables) {
  const auto options =
      parse_metrics_arguments(Words{}, {{"METRICS_PORT", "9092"}, {"NATS_URL", "broker:4222"}});

  ASSERT_TRUE(options);
  EXPECT_EQ(options->port, 9092);
  EXPECT_EQ(options->config.bus.url, "broker:4222");
}

TEST(MetricsCommand, flags_win_over_variables) {
  const auto options = parse_metrics_arguments(
      Words{"--port", "0", "--host", "127.0.0.1", "--nats-url", "nats://here", "--log.level=error"},
      {{"METRICS_PORT", "nonsense"}, {"NATS_URL", "broker:4222"}});

  ASSERT_TRUE(options);
  EXPECT_EQ(options->port, 0);
  EXPECT_EQ(options->host, "127.0.0.1");
  EXPECT_EQ(options->config.bus.url, "nats://here");
  EXPECT_EQ(options->config.log.level, LogLevel::error);
}

TEST(MetricsCommand, an_empty_variable_is_none) {
  const auto options = parse_metrics_arguments(Words{}, {{"METRICS_PORT", ""}, {"NATS_URL", ""}});

  ASSERT_TRUE(options);
  EXPECT_EQ(options->port, 9091);
  EXPECT_EQ(options->config.bus.url, "nats://nats:4222");
}

TEST(MetricsCommand, says_what_makes_no_sense) {
  const auto complaint = [](const Words& words, const Environment& environment = {}) {
    const auto options = parse_metrics_arguments(words, environment);
    return options ? "none" : std::to_string(options.error().code) + " " + options.error().text;
  };

  EXPECT_EQ(complaint({}, {{"METRICS_PORT", "http"}}),
            "2 METRICS_PORT must be a number from 0 to 65535, not \"http\"\n");
  EXPECT_EQ(complaint({"--port", "65536"}),
            "2 --port must be a number from 0 to 65535, not \"65536\"\n");
  EXPECT_TRUE(complaint({"--prot", "1"}).starts_with("2 parley metrics: "));
  EXPECT_TRUE(complaint({"--server.port", "1"}).starts_with("2 parley metrics: "));
  EXPECT_TRUE(complaint({"--log.level", "loud"}).starts_with("2 --log.level must be "));
  EXPECT_TRUE(complaint({"--help"}).starts_with("0 "));
}

}  // namespace
}  // namespace parley
