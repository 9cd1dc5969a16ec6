// HttpConnections under TLS: what differs from plain HTTP.

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "http/http_connections.h"
#include "http/testing/http_world.h"
#include "http/testing/test_certificate.h"
#include "http/testing/tls_client.h"
#include "http/tls_context.h"

namespace parley {
namespace {

/// The client's end of a connection, in plain at first.
class Client : public SocketEnd {
 public:
  explicit Client(SocketEnd end) : SocketEnd(std::move(end)) {}

  void say_plain(std::string_view bytes) const { SocketEnd::say(bytes); }
  std::string hear_all_plain() const { return SocketEnd::hear_all(); }

  void shake_hands() {
    say_plain(tls->take_wire());
    while (!tls->is_secure() && hear_wire()) {
    }
    say_plain(tls->take_wire());
  }
  void say(std::string_view text) {
    tls->say(text);
    say_plain(tls->take_wire());
  }
  void hear_until(std::string_view end) {
    while (!tls->heard().ends_with(end) && hear_wire()) {
    }
  }
  /// What comes up to the end of the stream, which must have been announced.
  std::string hear_all() {
    while (hear_wire()) {
    }
    EXPECT_TRUE(tls->heard_close());
    return tls->heard();
  }

  std::unique_ptr<TlsClient> tls = std::make_unique<TlsClient>();

 private:
  bool hear_wire() const {
    const std::string bytes = hear_some();
    if (!bytes.empty()) tls->hear_wire(bytes);
    return !bytes.empty();
  }
};

struct HttpsConnectionsTest : HttpWorld {
  HttpsConnectionsTest() {
    const TestCertificate certificate = make_test_certificate("localhost");
    EXPECT_TRUE(tls.load(certificate.chain_pem, certificate.key_pem));
    rules.tls = &tls;
  }
  // Before the context goes, on which it stands.
  ~HttpsConnectionsTest() override { stop(); }

  Client connect(std::string_view refusal = {}) { return Client(HttpWorld::connect(refusal)); }
  void wait_for_connections(std::uint64_t count) const {
    while (shard.stats().connections.read() != count) std::this_thread::yield();
  }
  std::string ask(std::string_view text) {
    Client client = connect();
    client.shake_hands();
    client.say(text);
    return client.hear_all();
  }

  TlsContext tls;
};

TEST_F(HttpsConnectionsTest, answer_requests_and_say_when_nothing_follows) {
  start();
  const std::string heard = ask(get_a + get_a + get_b_and_close);

  EXPECT_TRUE(has(heard, "GET /a"));
  EXPECT_TRUE(heard.ends_with("GET /b"));
}

TEST_F(HttpsConnectionsTest, send_an_answer_larger_than_the_socket_takes) {
  start();
  const std::string heard = ask("GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

  EXPECT_GT(heard.size(), 8'000'000u);
  EXPECT_TRUE(heard.ends_with("xxx"));
}

TEST_F(HttpsConnectionsTest, take_heads_that_are_longer_than_the_longest) {
  rules.header_bytes_max = 1024;
  start();

  EXPECT_TRUE(has(ask("GET / HTTP/1.1\r\nX: " + std::string(50'000, 'a')), "HTTP/1.1 431 "));
}

TEST_F(HttpsConnectionsTest, give_what_came_behind_the_head_away) {
  start();
  const std::string heard =
      ask("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframes");
  stop();

  EXPECT_EQ(heard, "taken");
  EXPECT_EQ(handler.rest, "frames");
}

TEST_F(HttpsConnectionsTest, tell_a_client_that_speaks_http_in_its_own_words) {
  start();
  const Client client = connect();
  client.say_plain(get_a);
  const std::string heard = client.hear_all_plain();
  stop();

  EXPECT_TRUE(heard.starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(heard.ends_with("This port speaks https"));
  EXPECT_EQ(handler.refused, std::vector<std::string>{"plain_http"});
}

TEST_F(HttpsConnectionsTest, answer_garbage_with_an_alert_and_count_it) {
  start();
  const Client client = connect();
  client.say_plain(std::string_view("\x16\x03\x01\x00\x05hello", 10));
  const std::string heard = client.hear_all_plain();
  stop();

  EXPECT_EQ(heard.substr(0, 1), "\x15");
  EXPECT_EQ(handler.refused, std::vector<std::string>{"tls_handshake"});
}

TEST_F(HttpsConnectionsTest, end_a_handshake_that_takes_too_long) {
  rules.header_timeout = 50ms;
  start();
  const Client silent = connect();
  const Client slow = connect();
  slow.say_plain(slow.tls->take_wire().substr(0, 100));

  EXPECT_EQ(silent.hear_all_plain(), "");
  EXPECT_EQ(slow.hear_all_plain(), "");
  stop();
  EXPECT_EQ(handler.refused, (std::vector<std::string>{"tls_handshake", "tls_handshake"}));
}

TEST_F(HttpsConnectionsTest, tell_a_client_that_shakes_hands_and_then_dawdles) {
  rules.header_timeout = 200ms;
  start();
  Client client = connect();
  client.shake_hands();

  EXPECT_TRUE(has(client.hear_all(), "HTTP/1.1 408 "));
}

TEST_F(HttpsConnectionsTest, turn_clients_away_once_they_can_hear_it) {
  start();
  Client client = connect("connections_per_address");
  client.shake_hands();
  const std::string heard = client.hear_all();
  stop();

  EXPECT_TRUE(has(heard, "HTTP/1.1 503 "));
  EXPECT_EQ(handler.refused, std::vector<std::string>{"connections_per_address"});
}

TEST_F(HttpsConnectionsTest, drain) {
  start();
  Client idle = connect();
  idle.shake_hands();
  idle.say(get_a);
  idle.hear_until("GET /a");
  const Client silent = connect();
  wait_for_connections(2);

  shard.post([this] { connections->drain(); });

  EXPECT_TRUE(idle.hear_all().ends_with("GET /a"));
  EXPECT_EQ(silent.hear_all_plain(), "");
}

TEST_F(HttpsConnectionsTest, forget_clients_that_hang_up) {
  start();
  for (int i = 0; i < 60; ++i) {
    Client client = connect();
    if (i % 3 == 1) client.say_plain(client.tls->take_wire());
    if (i % 3 == 2) {
      client.shake_hands();
      client.say(get_a);
    }
    client.hang_up();
  }
  for (int i = 0; i < 1000 && shard.stats().connections.read() > 0; ++i)
    std::this_thread::sleep_for(10ms);

  EXPECT_EQ(shard.stats().connections.read(), 0u);
}

}  // namespace
}  // namespace parley
