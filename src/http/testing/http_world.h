#pragma once
// HttpWorld: HTTP connections on a shard of their own, and the client's end of them, for tests.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "actor/shard.h"
#include "http/http_connections.h"
#include "http/http_handler.h"
#include "http/http_upgrade.h"

namespace parley {

/// Answers every request with its target, and takes sockets that ask for a WebSocket.
class EchoHandler final : public HttpHandler {
 public:
  HttpResponse handle(const HttpRequest& request) override {
    if (request.target == "/big") return HttpResponse::text(200, std::string(8'000'000, 'x'));
    return HttpResponse::text(200, request.method + " " + request.target);
  }

  std::optional<HttpResponse> upgrade(const HttpRequest& request, Upgrade& upgrade) override {
    if (!request.wants_websocket()) return HttpResponse::text(400, "not that");
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

/// The client's end of a connection: bytes.
class SocketEnd {
 public:
  explicit SocketEnd(int number) : number_(number) {
    const timeval patience{10, 0};
    ::setsockopt(number_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  SocketEnd(SocketEnd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  ~SocketEnd() { hang_up(); }

  void say(std::string_view bytes) const {
    ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void hang_up() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

  /// What comes next; empty at the end of the stream.
  std::string hear_some() const {
    std::array<char, 65536> part{};
    const ssize_t count = ::recv(number_, part.data(), part.size(), 0);
    return {part.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))};
  }
  /// Everything up to the end of the stream.
  std::string hear_all() const {
    std::string heard;
    for (std::string part; !(part = hear_some()).empty();) heard += part;
    return heard;
  }
  /// As much as it takes until `end` is there.
  std::string hear_until(std::string_view end) const {
    std::string heard;
    for (char c = 0; !heard.ends_with(end) && ::recv(number_, &c, 1, 0) == 1;) heard += c;
    return heard;
  }

 private:
  int number_;
};

struct HttpWorld : testing::Test {
  ~HttpWorld() override { stop(); }

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

  SocketEnd connect(std::string_view refusal = {}) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    shard.post(
        [this, end = ends[0], refusal] { connections->add({end, "192.0.2.1", {}, refusal}); });
    return SocketEnd(ends[1]);
  }

  Shard shard{0};
  EchoHandler handler;
  HttpRules rules;
  std::unique_ptr<HttpConnections> connections;
  std::thread thread;
};

inline const std::string get_a = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
inline const std::string get_b_and_close =
    "GET /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace parley
