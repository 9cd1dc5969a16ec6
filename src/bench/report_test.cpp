#include "bench/report.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

/// A finished run of a default shape in which everything arrived after `latency`.
RoomReport perfect_run(const Shape& shape, Duration latency, Duration cpu_per_delivery) {
  RoomReport report{
      .plan = plain_plan(shape, {}), .result = {}, .floor = {2us, 2us, 2us}, .paced_floor = {}};
  report.result.phases.resize(2);
  Tally& tally = report.result.phases[1];
  tally.expected = tally.delivered = 1000;
  for (int i = 0; i < 1000; ++i) tally.latency.record(latency);
  report.result.cpu = CpuUse{.total = cpu_per_delivery * 1000, .by_process = {}, .busiest = {}};
  report.result.wall = 10s;
  return report;
}

TEST(Report, holds_the_bar_when_fast_and_cheap) {
  const RoomReport report = perfect_run(*find_shape("meeting-20"), 100us, 2us);

  EXPECT_DOUBLE_EQ(report.micros_per_delivery().value(), 2);
  EXPECT_EQ(report.criteria().size(), 5U);
  EXPECT_TRUE(all_hold(report.criteria()));
}

TEST(Report, misses_the_bar_when_slow_dear_or_incomplete) {
  EXPECT_FALSE(all_hold(perfect_run(*find_shape("pairs"), 5ms, 2us).criteria()));
  EXPECT_FALSE(all_hold(perfect_run(*find_shape("pairs"), 100us, 20us).criteria()));
  RoomReport incomplete = perfect_run(*find_shape("pairs"), 100us, 2us);
  --incomplete.result.phases[1].delivered;
  EXPECT_FALSE(all_hold(incomplete.criteria()));
}

TEST(Report, has_no_bar_for_a_changed_shape) {
  Shape shape = *find_shape("pairs");
  shape.rooms = 3;
  EXPECT_TRUE(perfect_run(shape, 100us, 2us).criteria().empty());
  shape = *find_shape("meeting-20");
  shape.pacing = Pacing::even;
  EXPECT_TRUE(perfect_run(shape, 100us, 2us).criteria().empty());
  shape = *find_shape("broadcast");
  shape.rate = 150;
  EXPECT_TRUE(perfect_run(shape, 100us, 2us).criteria().empty());
}

TEST(Report, has_bars_of_its_own_for_webtransport) {
  const Shape meeting = *find_shape("meeting-20", Transports::webtransport);
  RoomReport report = perfect_run(meeting, 500us, 6us);
  report.result.phases[1].late = 7;

  EXPECT_TRUE(all_hold(report.criteria()));
  EXPECT_NE(for_people(report).find("7 streams ended out of order"), std::string::npos);
  EXPECT_FALSE(all_hold(perfect_run(*find_shape("meeting-20"), 500us, 6us).criteria()));
  EXPECT_FALSE(all_hold(perfect_run(meeting, 500us, 8us).criteria()));
}

TEST(Report, has_no_bar_for_mixed_transports_and_tells_them_apart) {
  RoomReport report = perfect_run(*find_shape("pairs", Transports::mixed), 100us, 2us);
  report.result.by_transport[1].late = 3;
  report.result.by_transport[1].delivered = 9;

  EXPECT_TRUE(report.criteria().empty());
  EXPECT_NE(for_people(report).find("3 streams ended out of order"), std::string::npos);
  EXPECT_NE(for_programs({}, {report}).find(R"("WebTransport":{"delivered":9,"out_of_order":3)"),
            std::string::npos);
}

TEST(Report, tells_what_each_process_costs) {
  RoomReport report = perfect_run(*find_shape("meeting-20"), 100us, 3us);
  report.result.cpu->by_process = {{11, 2ms}, {12, 1ms}};

  EXPECT_NE(for_people(report).find("1.000 µs by process 12"), std::string::npos);
  EXPECT_NE(for_programs({}, {report}).find(R"("us_per_delivery_by_pid":{"11":2,"12":1})"),
            std::string::npos);
}

TEST(Report, leaves_the_warm_up_out) {
  RoomReport report = perfect_run(*find_shape("pairs"), 100us, 2us);
  report.result.phases[0].expected = 50;
  EXPECT_EQ(report.total().expected, 1000U);
}

TEST(Report, says_the_same_to_people_and_programs) {
  Circumstances circumstances;
  circumstances.target = "a \"server\"";
  std::vector<Report> reports;
  reports.emplace_back(perfect_run(*find_shape("meeting-20"), 100us, 2us));

  const std::string text = for_people(reports.front());
  const std::string json = for_programs(circumstances, reports);

  EXPECT_NE(text.find("1 000 of 1 000"), std::string::npos) << text;
  EXPECT_NE(text.find("2.000 µs per delivery = 1.00 × floor"), std::string::npos) << text;
  EXPECT_TRUE(json.starts_with(R"({"target":"a \"server\"","pids":[],)")) << json;
  EXPECT_NE(json.find(R"("delivered":1000)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("bar_holds":true)"), std::string::npos) << json;
}

TEST(ClientHealth, admits_that_the_client_was_the_bottleneck) {
  ClientHealth health;
  health.ticks = 10'000;
  EXPECT_FALSE(health.bottleneck().has_value());
  health.cpu_share = 0.95;
  EXPECT_TRUE(health.bottleneck().has_value());
  health.cpu_share = 0.5;
  health.ticks_late = 200;
  EXPECT_TRUE(health.bottleneck().has_value());
}

}  // namespace
}  // namespace parley::bench
