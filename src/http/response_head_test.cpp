#include "http/response_head.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(ResponseHead, says_how_long_the_body_is) {
  EXPECT_EQ(response_head(HttpResponse::text(404, "none"), {}),
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 4\r\n\r\n");
  EXPECT_FALSE(has(response_head(HttpResponse::text(304, ""), {}), "Content-"));
}

TEST(ResponseHead, is_dated) {
  EXPECT_TRUE(has(response_head({}, {.date = "Sun, 06 Nov 1994 08:49:37 GMT"}),
                  "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_FALSE(has(response_head({}, {}), "Date"));
}

TEST(ResponseHead, says_whether_the_connection_goes_on) {
  EXPECT_TRUE(has(response_head({}, {.close = true}), "Connection: close\r\n"));
  EXPECT_TRUE(has(response_head({}, {.is_http_1_1 = false}), "HTTP/1.0 200 OK\r\n"));
  EXPECT_TRUE(has(response_head({}, {.is_http_1_1 = false}), "Connection: keep-alive\r\n"));
}

TEST(ResponseHead, lets_no_value_begin_another_line) {
  HttpResponse response;
  response.fields.push_back({"Location", "/a\r\nSet-Cookie: b=c"});
  EXPECT_TRUE(has(response_head(response, {}), "Location: /a\r\n"));
  EXPECT_FALSE(has(response_head(response, {}), "Set-Cookie"));
}

TEST(ResponseHead, mirrors_an_origin) {
  HttpRequest request;
  HttpResponse response;
  allow_origin(request, response);
  EXPECT_TRUE(response.fields.empty());

  request.fields = {{"Origin", "https://example.org"}};
  allow_origin(request, response);
  EXPECT_TRUE(
      has(response_head(response, {}), "Access-Control-Allow-Origin: https://example.org\r\n"));
}

TEST(ResponseHead, answers_a_browser_that_asks_first) {
  HttpRequest request;
  request.method = "OPTIONS";
  EXPECT_FALSE(is_preflight(request));
  request.fields = {{"Origin", "https://example.org"},
                    {"Access-Control-Request-Method", "GET"},
                    {"Access-Control-Request-Headers", "x-one"},
                    {"Access-Control-Request-Headers", "x-two"}};
  EXPECT_TRUE(is_preflight(request));
  EXPECT_TRUE(has(response_head(preflight_answer(request), {}),
                  "Access-Control-Allow-Headers: x-one, x-two\r\n"));
}

}  // namespace
}  // namespace parley
