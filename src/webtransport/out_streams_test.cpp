#include "webtransport/out_streams.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace parley {
namespace {

std::map<StreamId, bool> all_of(const OutStreams& streams) {
  std::map<StreamId, bool> all;
  streams.each([&](StreamId stream, bool is_control) { all.emplace(stream, is_control); });
  return all;
}

TEST(OutStreams, knows_what_is_open) {
  OutStreams streams;
  EXPECT_FALSE(streams.remove(7));
  streams.add(7, true);
  streams.add(11, false);
  streams.add(23, false);
  EXPECT_TRUE(streams.has_control());
  EXPECT_EQ(all_of(streams), (std::map<StreamId, bool>{{7, true}, {11, false}, {23, false}}));
  EXPECT_TRUE(streams.remove(7));
  EXPECT_FALSE(streams.remove(7));
  EXPECT_FALSE(streams.remove(15)) << "not the session's";
  EXPECT_FALSE(streams.remove(27));
  EXPECT_FALSE(streams.has_control());
  EXPECT_EQ(all_of(streams), (std::map<StreamId, bool>{{11, false}, {23, false}}));
}

TEST(OutStreams, is_a_map_in_small) {
  std::mt19937 random(7);
  OutStreams streams;
  std::map<StreamId, bool> expected;
  StreamId next = 3;
  for (int i = 0; i < 20000; ++i) {
    if (random() % 2 == 0) {
      const bool is_control = random() % 4 == 0;
      streams.add(next, is_control);
      expected.emplace(next, is_control);
      next += random() % 8 == 0 ? 8 : 4;
    } else {
      const StreamId stream = next - 4 * static_cast<StreamId>(random() % 60);
      ASSERT_EQ(streams.remove(stream), expected.erase(stream) == 1) << stream;
    }
  }
  EXPECT_EQ(all_of(streams), expected);
}

}  // namespace
}  // namespace parley
