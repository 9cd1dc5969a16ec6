#include "webtransport/gathered_message.h"

#include <gtest/gtest.h>

#include <string>

namespace parley {
namespace {

std::string text_of(BufferBuilder builder) {
  EXPECT_GE(builder.room(), packet_stamp_bytes_max);
  const std::string text(as_text(builder.written()));
  EXPECT_EQ(text.substr(0, packet_headroom), std::string(packet_headroom, '\0'));
  return text.substr(packet_headroom);
}

TEST(GatheredMessage, keeps_room_before_and_behind) {
  const std::string message = "some bytes of a message that comes in pieces";
  for (std::size_t step = 1; step <= message.size(); ++step) {
    GatheredMessage gathered;
    for (std::size_t at = 0; at < message.size(); at += step)
      gathered.append(as_bytes(message.substr(at, step)), at + step >= message.size(), 1000);
    EXPECT_EQ(gathered.size(), message.size());
    EXPECT_EQ(as_text(gathered.written()), message);
    EXPECT_EQ(text_of(gathered.take()), message);
  }
}

TEST(GatheredMessage, may_be_empty) {
  GatheredMessage gathered;
  gathered.append({}, false, 1000);
  EXPECT_TRUE(gathered.written().empty());
  gathered.append({}, true, 1000);
  EXPECT_EQ(text_of(gathered.take()), "");
}

TEST(GatheredMessage, that_comes_whole_takes_no_more_than_it_needs) {
  GatheredMessage gathered;
  gathered.append(as_bytes(std::string(5000, 'x')), true, 1'000'000);
  EXPECT_EQ(gathered.take().room(), packet_stamp_bytes_max);
}

TEST(GatheredMessage, never_takes_more_than_the_largest_needs) {
  GatheredMessage gathered;
  for (int i = 0; i < 10; ++i) gathered.append(as_bytes(std::string(1000, 'x')), false, 10'000);
  EXPECT_EQ(gathered.take().room(), packet_stamp_bytes_max);
}

}  // namespace
}  // namespace parley
