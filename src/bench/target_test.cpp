#include "bench/target.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

Target target_at(std::string_view url) {
  Target target;
  EXPECT_TRUE(add_url(target, url).has_value()) << url;
  return target;
}

TEST(Target, is_read_from_an_address) {
  EXPECT_EQ(target_at("ws://127.0.0.1:8080").websocket.port, 8080);
  EXPECT_EQ(target_at("ws://127.0.0.1/lobby").websocket.port, 80);
  EXPECT_EQ(target_at("ws://[::1]:9").websocket.host, "::1");
  EXPECT_EQ(target_at("ws://[::1]:9").websocket.port, 9);
}

TEST(Target, speaks_TLS_if_the_address_says_so) {
  const Endpoint endpoint = target_at("wss://127.0.0.1").websocket;
  EXPECT_EQ(endpoint.port, 443);
  EXPECT_TRUE(endpoint.is_tls);
  EXPECT_FALSE(target_at("ws://127.0.0.1").websocket.is_tls);
}

TEST(Target, names_where_it_listens) {
  EXPECT_EQ(target_at("ws://127.0.0.1").websocket.authority(), "127.0.0.1:80");
  EXPECT_EQ(target_at("https://[::1]:9").webtransport.authority(), "[::1]:9");
}

TEST(Target, has_a_place_for_each_transport) {
  Target target = target_at("https://127.0.0.1");
  EXPECT_EQ(target.webtransport.port, 443);
  EXPECT_EQ(target.websocket.port, 0);

  ASSERT_TRUE(add_url(target, "ws://127.0.0.1:8080").has_value());

  EXPECT_EQ(target.webtransport.port, 443);
  EXPECT_EQ(target.websocket.port, 8080);
}

TEST(Target, refuses_what_is_no_address) {
  Target target;
  for (const char* url :
       {"", "127.0.0.1:80", "http://127.0.0.1", "ws:/127.0.0.1", "ws://", "wss://", "ws://:80",
        "ws://127.0.0.1:", "ws://127.0.0.1:x", "ws://127.0.0.1:0", "ws://127.0.0.1:70000",
        "ws://[::1", "https://", "https://:1"})
    EXPECT_FALSE(add_url(target, url).has_value()) << url;
}

TEST(Target, asks_by_path_or_by_token) {
  Target target;
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
