#include "bench/server_process.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

TEST(ServerProcess, finds_the_ports_in_the_ready_line) {
  EXPECT_EQ(parse_ready_line(R"({"http":41234,"ops":5})")->http, 41234);
  EXPECT_EQ(parse_ready_line(R"({"http":41234,"ops":5})")->webtransport, 0);
  EXPECT_EQ(parse_ready_line(R"({"ops":5,"http": 80})")->http, 80);
  EXPECT_EQ(parse_ready_line(R"({"http":80,"ops":5,"webtransport":4433})")->webtransport, 4433);
}

TEST(ServerProcess, takes_no_other_line_for_ready) {
  EXPECT_FALSE(parse_ready_line("").has_value());
  EXPECT_FALSE(parse_ready_line(R"({"http":0})").has_value());
  EXPECT_FALSE(parse_ready_line(R"({"http":99999})").has_value());
}

}  // namespace
}  // namespace parley::bench
