#include "http/request_head.h"

#include <gtest/gtest.h>

#include <string>

namespace parley {
namespace {

using State = HeadScanner::State;

State scan(std::string_view bytes) { return HeadScanner().scan(bytes); }

TEST(HeadScanner, finds_the_end_however_the_bytes_are_cut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t cut = 0; cut < head.size(); ++cut) {
    HeadScanner scanner;
    ASSERT_EQ(scanner.scan(std::string_view(head).substr(0, cut)), State::incomplete) << cut;
    ASSERT_EQ(scanner.scan(head + "rest"), State::complete) << cut;
    EXPECT_EQ(scanner.size(), head.size());
  }
}

TEST(HeadScanner, knows_garbage_from_its_first_bytes) {
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02"), std::string("\0", 1), std::string(" GET / HTTP/1.1"),
        std::string("\r\n"), std::string("\n"), std::string("GET\r\n"), std::string("{}"),
        std::string(40, 'A'), std::string("GET /\n"), std::string("GET / HTTP/1.1\nHost: a\n\n"),
        std::string("GET / HTTP/1.1\r\nHost: \0", 23), std::string("GET / HTTP/1.1\rHost: a")})
    EXPECT_EQ(scan(bytes), State::garbage) << bytes;
}

TEST(RequestHead, is_read) {
  const auto request = read_request_head(
      "GET /lobby?token=a.b HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
      "upgrade: WebSocket\r\nX: 1\r\nX: 2\r\n\r\n");

  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/lobby?token=a.b");
  EXPECT_EQ(request->path(), "/lobby");
  EXPECT_EQ(request->query(), "token=a.b");
  EXPECT_EQ(request->header("hOST"), "a");
  EXPECT_EQ(request->header("x"), "1");
  EXPECT_EQ(request->header_list("x"), "1, 2");
  EXPECT_EQ(request->header("absent"), "");
  EXPECT_TRUE(request->wants_websocket());
  EXPECT_TRUE(request->keep_alive);
}

TEST(RequestHead, may_name_the_server_in_its_target) {
  const auto target = [](const std::string& sent) {
    return read_request_head("GET " + sent + " HTTP/1.1\r\nHost: a\r\n\r\n")->target;
  };
  EXPECT_EQ(target("http://a/healthz"), "/healthz");
  EXPECT_EQ(target("HTTPS://a.example:8443/lobby?token=a.b"), "/lobby?token=a.b");
  EXPECT_EQ(target("http://[::1]:80//x"), "//x");
  EXPECT_EQ(target("http://a"), "/");
  EXPECT_EQ(target("http://a?b=/c"), "/?b=/c");
  for (const std::string other : {"/http://a/b", "ftp://a/b", "*", "a:443", "http:/a"})
    EXPECT_EQ(target(other), other);
}

TEST(RequestHead, says_when_the_connection_is_to_end) {
  const auto keeps = [](std::string_view head) { return read_request_head(head)->keep_alive; };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestHead, that_is_no_request_is_refused) {
  for (const char* head :
       {"GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n", "GET / HTTX/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", "GET https:// HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n"}) {
    const auto request = read_request_head(head);
    ASSERT_FALSE(request.has_value()) << head;
    EXPECT_EQ(request.error().status, 400) << head;
    EXPECT_EQ(request.error().reason, "bad_request") << head;
  }
}

TEST(RequestHead, may_announce_no_body) {
  EXPECT_TRUE(
      read_request_head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").has_value());
  for (const char* field :
       {"Content-Length: 1", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip"}) {
    const auto request =
        read_request_head("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(field) + "\r\n\r\n");
    ASSERT_FALSE(request.has_value()) << field;
    EXPECT_EQ(request.error().status, 413) << field;
  }
}

}  // namespace
}  // namespace parley
