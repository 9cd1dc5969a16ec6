// HttpConnections under TLS: what differs from plain HTTP.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <vector>

#include "actor/shard.h"
#include "http/http_connections.h"
#include "http/http_handler.h"
#include "http/http_upgrade.h"
#include "http/testing/test_certificate.h"
#include "http/testing/tls_client.h"
#include "http/tls_context.h"

namespace parley {
namespace {

/// Answers every request with its target, and takes sockets that ask for a WebSocket.
class Echo final : public HttpHandler {
 public:
  HttpResponse handle(const HttpRequest& request) override {
    if (request.target == "/big") return HttpResponse::text(200, std::string(8'000'000, 'x'));
    return HttpResponse::text(200, request.method + " " + request.target);
  }

  std::optional<HttpResponse> upgrade(const HttpRequest&, Upgrade& upgrade) override {
    auto taken = upgrade.take();
    rest.assign(taken.rest.begin(), taken.rest.end());
    std::string text = "taken";
    const iovec part{text.data(), text.size()};
    EXPECT_EQ(taken.stream.write({&part, 1}).taken, text.size());
    EXPECT_TRUE(taken.stream.finish());
    return std::nullopt;
  }

  void on_refused(std::string_view reason) override { refused.emplace_back(reason); }

  std::string rest;
  std::vector<std::string> refused;
};

/// The client's end of a connection, in plain at first.
class Client {
 public:
  explicit Client(int number) : number_(number) {
    const timeval patience{10, 0};
    ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Client(Client&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~Client() { hang_up(); }

  void hang_up() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  void say_plain(std::string_view bytes) const {
    ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  /// Everything up to the end of the stream.
  std::string hear_all_plain() const {
    std::string heard;
    while (hear_some([&](std::string_view bytes) { heard += bytes; })) {
    }
    return heard;
  }

  void shake_hands() {
    say_plain(tls->take_wire());
    while (!tls->is_secure() && hear_some([&](std::string_view bytes) { tls->hear_wire(bytes); })) {
    }
    say_plain(tls->take_wire());
  }
  void say(std::string_view text) {
    tls->say(text);
    say_plain(tls->take_wire());
  }
  void hear_until(std::string_view end) {
    while (!tls->heard().ends_with(end) &&
           hear_some([&](std::string_view bytes) { tls->hear_wire(bytes); })) {
    }
  }
  /// What comes up to the end of the stream, which must have been announced.
  std::string hear_all() {
    while (hear_some([&](std::string_view bytes) { tls->hear_wire(bytes); })) {
    }
    EXPECT_TRUE(tls->heard_close());
    return tls->heard();
  }

  std::unique_ptr<TlsClient> tls = std::make_unique<TlsClient>();

 private:
  template <class Take>
  bool hear_some(Take take) const {
    std::array<char, 65536> part{};
    const ssize_t count = ::recv(number_, part.data(), part.size(), 0);
    if (count > 0) take(std::string_view(part.data(), static_cast<std::size_t>(count)));
    return count > 0;
  }

  int number_;
};

struct HttpsConnectionsTest : testing::Test {
  HttpsConnectionsTest() {
    const TestCertificate certificate = make_test_certificate("localhost");
    EXPECT_TRUE(tls.load(certificate.chain_pem, certificate.key_pem));
    rules.tls = &tls;
  }
  ~HttpsConnectionsTest() override { stop(); }

  void start() {
    connections = std::make_unique<HttpConnections>(shard, handler, rules);
    thread = std::thread([this] { shard.run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    shard.stop();
    thread.join();
    connections.reset();
  }
  void wait_for_connections(std::uint64_t count) const {
    while (shard.stats().connections.read() != count) std::this_thread::yield();
  }

  Client connect(std::string_view refusal = {}) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    shard.post(
        [this, end = ends[0], refusal] { connections->add({end, "192.0.2.1", {}, refusal}); });
    return Client(ends[1]);
  }
  std::string ask(std::string_view text) {
    Client client = connect();
    client.shake_hands();
    client.say(text);
    return client.hear_all();
  }

  Shard shard{0};
  Echo handler;
  TlsContext tls;
  HttpRules rules;
  std::unique_ptr<HttpConnections> connections;
  std::thread thread;
};

const std::string get_a = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string get_b_and_close = "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

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
