#include "http/http_connections.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "http/testing/http_world.h"

namespace parley {
namespace {

struct HttpConnectionsTest : HttpWorld {
  HttpConnectionsTest() { rules.cors = false; }

  std::string ask(std::string_view text) {
    const SocketEnd client = connect();
    client.say(text);
    return client.hear_all();
  }
};

TEST_F(HttpConnectionsTest, answer_one_request_after_another) {
  start();
  const SocketEnd client = connect();
  client.say(get_a);
  EXPECT_TRUE(has(client.hear_until("GET /a"), "HTTP/1.1 200 OK"));
  client.say(get_b_and_close);
  EXPECT_TRUE(has(client.hear_all(), "Connection: close\r\n\r\nGET /b"));
}

TEST_F(HttpConnectionsTest, answer_pipelined_requests_in_order) {
  start();
  const std::string heard = ask(get_a + get_a + get_b_and_close);
  const auto first = heard.find("GET /a");
  const auto second = heard.find("GET /a", first + 1);
  ASSERT_NE(second, std::string::npos);
  EXPECT_GT(heard.find("GET /b"), second);
}

TEST_F(HttpConnectionsTest, read_a_head_that_comes_byte_by_byte) {
  start();
  const SocketEnd client = connect();
  for (const char c : get_b_and_close) client.say({&c, 1});
  EXPECT_TRUE(has(client.hear_all(), "GET /b"));
}

TEST_F(HttpConnectionsTest, send_an_answer_larger_than_the_socket_takes) {
  start();
  const std::string heard = ask("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_GT(heard.size(), 8'000'000u);
  EXPECT_TRUE(heard.ends_with("xxx"));
}

TEST_F(HttpConnectionsTest, date_answers_and_refusals) {
  start();
  for (const std::string& heard : {ask(get_b_and_close), ask("\x16")}) {
    const auto date = heard.find("\r\nDate: ");
    ASSERT_NE(date, std::string::npos) << heard;
    EXPECT_EQ(heard.find(" GMT\r\n"), date + 33) << heard;
  }
}

TEST_F(HttpConnectionsTest, answer_head_without_a_body) {
  start();
  const std::string heard = ask("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(has(heard, "Content-Length: 9\r\n"));
  EXPECT_TRUE(heard.ends_with("\r\n\r\n"));
}

TEST_F(HttpConnectionsTest, refuse_garbage_bodies_and_long_heads_at_once) {
  start();
  EXPECT_TRUE(has(ask("\x16\x03\x01"), "HTTP/1.1 400 "));
  EXPECT_TRUE(has(ask("GET / HTTP/1.1\r\nnonsense\r\n\r\n"), "HTTP/1.1 400 "));
  EXPECT_TRUE(
      has(ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), "HTTP/1.1 413 "));
  EXPECT_TRUE(has(ask("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'a') + "\r\n\r\n"),
                  "HTTP/1.1 431 "));
  stop();
  EXPECT_EQ(handler.refused,
            (std::vector<std::string>{"bad_request", "bad_request", "body", "headers_too_large"}));
}

TEST_F(HttpConnectionsTest, take_a_head_of_exactly_the_longest_length) {
  rules.header_bytes_max = 1024;
  start();
  const std::string before = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ";
  const std::string after = "\r\n\r\n";
  const std::string filler(1024 - before.size() - after.size(), 'a');
  EXPECT_TRUE(has(ask(before + filler + after), "HTTP/1.1 200 "));
  EXPECT_TRUE(has(ask(before + filler + "a" + after), "HTTP/1.1 431 "));
}

TEST_F(HttpConnectionsTest, tell_a_client_that_says_nothing_and_one_that_dawdles) {
  rules.header_timeout = 50ms;
  start();
  EXPECT_TRUE(has(ask(""), "HTTP/1.1 408 "));
  EXPECT_TRUE(has(ask("GET / HT"), "HTTP/1.1 408 "));
}

TEST_F(HttpConnectionsTest, end_an_idle_connection_without_a_word) {
  rules.idle_timeout = 50ms;
  start();
  const std::string heard = ask(get_a);
  EXPECT_TRUE(heard.ends_with("GET /a"));
}

TEST_F(HttpConnectionsTest, end_soon_even_if_the_client_goes_on_talking) {
  rules.linger = 50ms;
  start();
  const SocketEnd client = connect();
  client.say("\x16");
  client.hear_all();
  for (int i = 0; i < 1000 && shard.stats().connections.read() > 0; ++i) {
    client.say("more");
    std::this_thread::sleep_for(10ms);
  }
  EXPECT_EQ(shard.stats().connections.read(), 0u);
}

TEST_F(HttpConnectionsTest, give_the_socket_and_what_came_behind_the_head_away) {
  start();
  const std::string heard =
      ask("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframes");
  stop();
  EXPECT_EQ(heard, "taken");
  EXPECT_EQ(handler.rest, "frames");
  EXPECT_EQ(shard.stats().connections.read(), 0u);
}

TEST_F(HttpConnectionsTest, go_on_after_an_upgrade_that_is_refused) {
  start();
  const std::string heard =
      ask("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n" + get_b_and_close);
  EXPECT_TRUE(has(heard, "HTTP/1.1 400 "));
  EXPECT_TRUE(heard.ends_with("GET /b"));
}

TEST_F(HttpConnectionsTest, turn_clients_away_when_full) {
  rules.connections_max = 1;
  start();
  const SocketEnd first = connect();
  first.say(get_a);
  first.hear_until("GET /a");
  EXPECT_TRUE(has(ask(""), "HTTP/1.1 503 "));
}

TEST_F(HttpConnectionsTest, tell_only_so_many_at_once_why_they_are_turned_away) {
  rules.linger = 1min;
  start();
  std::vector<SocketEnd> told;
  for (int i = 0; i < 256; ++i) told.push_back(connect("connections_max"));
  for (const SocketEnd& client : told) ASSERT_TRUE(has(client.hear_all(), "HTTP/1.1 503 "));
  EXPECT_EQ(connect("connections_max").hear_all(), "");

  // Who is let in is not meant, and when one has gone there is room for another.
  EXPECT_TRUE(has(ask(get_b_and_close), "GET /b"));
  told.pop_back();
  while (shard.stats().connections.read() > 255) std::this_thread::yield();
  EXPECT_TRUE(has(connect("connections_max").hear_all(), "HTTP/1.1 503 "));
  stop();
  EXPECT_EQ(handler.refused.size(), 258u);
}

TEST_F(HttpConnectionsTest, leave_what_others_have_read_alone_when_they_refuse_and_drain) {
  start();
  std::array<int, 2> refused{};
  std::array<int, 2> drained{};
  for (auto* ends : {&refused, &drained})
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->data()), 0);
  const SocketEnd late(refused[1]);
  const SocketEnd early(drained[1]);
  late.say("forged");
  early.say("forged");
  bool is_left_alone = false;

  // As between a session's read and its use, where what has been posted runs.
  shard.post([&] {
    const MutableBytes read = shard.read_space();
    std::ranges::fill(read, std::uint8_t{'r'});
    connections->add({refused[0], "192.0.2.1", {}, "connections_max"});
    connections->add({drained[0], "192.0.2.1", {}, {}});
    connections->drain();
    is_left_alone = std::ranges::all_of(read, [](std::uint8_t byte) { return byte == 'r'; });
  });

  EXPECT_TRUE(has(late.hear_all(), "HTTP/1.1 503 "));
  EXPECT_EQ(early.hear_all(), "");
  stop();
  EXPECT_TRUE(is_left_alone);
}

TEST_F(HttpConnectionsTest, drain) {
  start();
  const SocketEnd idle = connect();
  idle.say(get_a);
  idle.hear_until("GET /a");
  const SocketEnd silent = connect();
  const SocketEnd busy = connect();
  busy.say("GET /a HTTP/1.1\r\n");
  busy.say("X: ");
  while (shard.stats().connections.read() < 3) std::this_thread::yield();
  std::this_thread::sleep_for(20ms);  // until the beginning of its head has been read

  shard.post([this] { connections->drain(); });

  EXPECT_EQ(idle.hear_all(), "");
  EXPECT_EQ(silent.hear_all(), "");
  busy.say("1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(has(busy.hear_all(), "Connection: close\r\n\r\nGET /a"));
  EXPECT_TRUE(has(ask(get_a), "Connection: close"));
}

TEST_F(HttpConnectionsTest, let_pages_of_any_origin_read_only_when_told_to) {
  const std::string request =
      "GET /a HTTP/1.1\r\nHost: x\r\nOrigin: http://o\r\nConnection: close\r\n\r\n";
  start();
  EXPECT_FALSE(has(ask(request), "Access-Control"));
  stop();
}

TEST_F(HttpConnectionsTest, mirror_origins_and_answer_preflights) {
  rules.cors = true;
  start();
  EXPECT_TRUE(
      has(ask("GET /a HTTP/1.1\r\nHost: x\r\nOrigin: http://o\r\nConnection: close\r\n\r\n"),
          "Access-Control-Allow-Origin: http://o\r\n"));
  EXPECT_TRUE(has(ask("OPTIONS /a HTTP/1.1\r\nHost: x\r\nOrigin: http://o\r\n"
                      "Access-Control-Request-Method: GET\r\nConnection: close\r\n\r\n"),
                  "Access-Control-Allow-Methods: GET"));
}

TEST_F(HttpConnectionsTest, forget_clients_that_hang_up) {
  start();
  for (int i = 0; i < 50; ++i) {
    SocketEnd client = connect();
    client.say(i % 2 == 0 ? "GET /a HT" : get_a);
    if (i % 4 == 1) client.hear_until("GET /a");
    client.hang_up();
  }
  for (int i = 0; i < 1000 && shard.stats().connections.read() > 0; ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(shard.stats().connections.read(), 0u);
}

}  // namespace
}  // namespace parley
