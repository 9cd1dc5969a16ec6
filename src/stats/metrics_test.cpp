#include "stats/metrics.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

namespace parley {
namespace {

/// The value of the one series written exactly so, or a text that no value has.
std::string value_of(const std::string& text, const std::string& series) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  return "absent";
}

struct TwoShards : testing::Test {
  TwoShards() {
    metrics.add(first, first_refusals);
    metrics.add(second, second_refusals);
  }

  ShardStats first, second;
  RefusalCounts first_refusals, second_refusals;
  Metrics metrics{{.version = "1.2.3", .git_sha = "abcdef01"}};
};

using MetricsTest = TwoShards;

TEST_F(MetricsTest, sum_over_all_shards) {
  first.sessions.add(3);
  second.sessions.add(4);
  first.drop(DropReason::video_too_old).add(5);
  second.packets_out[static_cast<std::size_t>(PacketClass::audio)].add(6);

  const std::string text = metrics.render();

  EXPECT_EQ(value_of(text, "parley_sessions"), "7");
  EXPECT_EQ(value_of(text, "parley_shards"), "2");
  EXPECT_EQ(value_of(text, "parley_drops_total{reason=\"" +
                               std::string(name_of(DropReason::video_too_old)) + "\"}"),
            "5");
  EXPECT_EQ(value_of(text, "parley_packets_total{class=\"audio\",direction=\"out\"}"), "6");
}

TEST_F(MetricsTest, sum_the_cells_of_others_by_name_and_label) {
  Cell first_here, first_there, second_here, second_there, open;
  metrics.add({{"things_total", "Things.", &first_here, "place", "here"},
               {"things_total", "Things.", &first_there, "place", "there"},
               {"open_things", "Open things.", &open, {}, {}, true}});
  metrics.add({{"things_total", "Things.", &second_here, "place", "here"},
               {"things_total", "Things.", &second_there, "place", "there"},
               {"open_things", "Open things.", &open, {}, {}, true}});
  first_here.add(1);
  second_here.add(2);
  second_there.add(4);
  open.add(8);

  const std::string text = metrics.render();

  EXPECT_EQ(value_of(text, "things_total{place=\"here\"}"), "3");
  EXPECT_EQ(value_of(text, "things_total{place=\"there\"}"), "4");
  EXPECT_EQ(value_of(text, "open_things"), "16");
  EXPECT_NE(text.find("# TYPE things_total counter"), std::string::npos);
  EXPECT_NE(text.find("# TYPE open_things gauge"), std::string::npos);
}

TEST_F(MetricsTest, hold_every_series_from_the_start) {
  const std::string text = metrics.render();

  for (const auto reason : RefusalCounts::reasons)
    EXPECT_EQ(value_of(text, "parley_refusals_total{reason=\"" + std::string(reason) + "\"}"), "0");
  for (std::size_t i = 0; i < end_reason_count; ++i)
    EXPECT_EQ(value_of(text, "parley_sessions_ended_total{reason=\"" +
                                 std::string(name_of(static_cast<EndReason>(i))) + "\"}"),
              "0");
  EXPECT_EQ(value_of(text, "parley_packet_bytes_total{class=\"video\",direction=\"in\"}"), "0");
  EXPECT_EQ(value_of(text, "parley_queue_age_seconds_count"), "0");
}

TEST_F(MetricsTest, name_the_build) {
  EXPECT_EQ(value_of(metrics.render(), "parley_build_info{git_sha=\"abcdef01\",version=\"1.2.3\"}"),
            "1");
}

TEST_F(MetricsTest, make_cumulative_histograms) {
  first.queue_age.observe(3ms);
  second.queue_age.observe(3ms);
  second.queue_age.observe(10s);

  const std::string text = metrics.render();

  EXPECT_EQ(value_of(text, "parley_queue_age_seconds_bucket{le=\"0.001\"}"), "0");
  EXPECT_EQ(value_of(text, "parley_queue_age_seconds_bucket{le=\"0.005\"}"), "2");
  EXPECT_EQ(value_of(text, "parley_queue_age_seconds_bucket{le=\"1\"}"), "2");
  EXPECT_EQ(value_of(text, "parley_queue_age_seconds_bucket{le=\"+Inf\"}"), "3");
  EXPECT_EQ(value_of(text, "parley_queue_age_seconds_count"), "3");
}

TEST_F(MetricsTest, say_what_the_process_uses) {
  const std::string text = metrics.render();

  EXPECT_GT(std::stod(value_of(text, "process_resident_memory_bytes")), 100'000);
  EXPECT_GT(std::stod(value_of(text, "process_start_time_seconds")), 1.7e9);
  EXPECT_GE(std::stod(value_of(text, "process_open_fds")), 3);
  EXPECT_GE(std::stod(value_of(text, "process_threads")), 1);
}

TEST_F(MetricsTest, describe_each_family_once) {
  std::istringstream in(metrics.render());
  std::set<std::string> described;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(described.insert(line).second) << line;
  }
  EXPECT_GT(described.size(), 20u);
}

TEST(RefusalCounts, put_an_unknown_reason_under_other) {
  RefusalCounts counts;
  counts.count("expired");
  counts.count("made up");

  std::uint64_t total = 0;
  for (std::size_t i = 0; i < RefusalCounts::reasons.size(); ++i) total += counts.read(i);
  EXPECT_EQ(total, 2u);
  EXPECT_EQ(counts.read(RefusalCounts::reasons.size() - 1), 1u);
}

}  // namespace
}  // namespace parley
