#include "bench/target.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

TEST(Target, is_read_from_an_address) {
  EXPECT_EQ(parse_target("ws://127.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parse_target("ws://127.0.0.1/lobby")->port, 80);
  EXPECT_EQ(parse_target("ws://[::1]:9")->host, "::1");
  EXPECT_EQ(parse_target("ws://[::1]:9")->port, 9);
}

TEST(Target, refuses_what_is_no_address) {
  for (const char* url : {"", "127.0.0.1:80", "http://127.0.0.1", "wss://127.0.0.1", "ws://",
                          "ws://:80", "ws://127.0.0.1:", "ws://127.0.0.1:x", "ws://127.0.0.1:0",
                          "ws://127.0.0.1:70000", "ws://[::1"})
    EXPECT_FALSE(parse_target(url).has_value()) << url;
}

TEST(Target, asks_by_path_or_by_token) {
  Target target = *parse_target("ws://127.0.0.1:8080");
  EXPECT_EQ(target.path(5, "ann", "room"), "/lobby/ann/room");

  target.tokens = {"a", "b"};
  EXPECT_EQ(target.path(3, "ann", "room"), "/lobby?token=b");

  target.make_token = [](std::string_view user, std::string_view room) {
    return std::string(user) + "-" + std::string(room);
  };
  EXPECT_EQ(target.path(3, "ann", "room"), "/lobby?token=ann-room");
}

}  // namespace
}  // namespace parley::bench
