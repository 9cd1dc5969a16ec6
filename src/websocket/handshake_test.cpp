#include "websocket/handshake.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace parley {
namespace {

// The example of RFC 6455 §1.2 and §1.3.
HttpRequest good() {
  HttpRequest request;
  request.method = "GET";
  request.target = "/chat";
  request.fields = {{"Host", "server.example.com"},
                    {"Upgrade", "websocket"},
                    {"Connection", "Upgrade"},
                    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                    {"Sec-WebSocket-Version", "13"}};
  return request;
}

HttpRequest without(std::string_view name) {
  HttpRequest request = good();
  std::erase_if(request.fields, [name](const HttpField& field) { return field.name == name; });
  return request;
}

HttpRequest with(std::string_view name, std::string_view value) {
  HttpRequest request = without(name);
  request.fields.push_back({std::string(name), std::string(value)});
  return request;
}

int refused_with(const HttpRequest& request) {
  const auto accept = check_handshake(request);
  return accept ? 0 : accept.error().status;
}

TEST(Handshake, accepts_the_example_of_the_rfc) {
  const auto accept = check_handshake(good());

  ASSERT_TRUE(accept);
  EXPECT_EQ(*accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Handshake, answers_with_a_whole_head) {
  EXPECT_EQ(handshake_answer("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "\r\n");
}

TEST(Handshake, reads_tokens_in_lists_and_in_any_case) {
  EXPECT_EQ(refused_with(with("Upgrade", "h2c,\tWebSocket")), 0);
  EXPECT_EQ(refused_with(with("Connection", "keep-alive, UPGRADE , x")), 0);
}

TEST(Handshake, does_not_take_a_part_of_a_token_for_it) {
  EXPECT_EQ(refused_with(with("Upgrade", "websockets")), 400);
  EXPECT_EQ(refused_with(with("Connection", "no-upgrade, upgraded")), 400);
}

TEST(Handshake, refuses_other_methods_and_names_the_right_one) {
  HttpRequest request = good();
  request.method = "POST";

  const auto accept = check_handshake(request);

  ASSERT_FALSE(accept);
  EXPECT_EQ(accept.error().status, 405);
  ASSERT_EQ(accept.error().fields.size(), 1u);
  EXPECT_EQ(accept.error().fields[0].name, "Allow");
  EXPECT_EQ(accept.error().fields[0].value, "GET");
}

TEST(Handshake, refuses_missing_headers) {
  for (const std::string_view name :
       {"Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"})
    EXPECT_EQ(refused_with(without(name)), 400) << name;
}

TEST(Handshake, refuses_http_before_1_1) {
  HttpRequest request = good();
  request.is_http_1_1 = false;

  EXPECT_EQ(refused_with(request), 400);
}

TEST(Handshake, takes_the_versions_that_frame_alike) {
  for (const std::string_view version : {"13", "8", "7"})
    EXPECT_EQ(refused_with(with("Sec-WebSocket-Version", version)), 0) << version;
}

TEST(Handshake, names_its_version_to_clients_with_another) {
  for (const std::string_view version :
       {"0", "6", "9", "12", "14", "130", "99999999999999999999"}) {
    const auto accept = check_handshake(with("Sec-WebSocket-Version", version));

    ASSERT_FALSE(accept) << version;
    EXPECT_EQ(accept.error().status, 426);
    std::string fields;
    for (const auto& field : accept.error().fields)
      fields += field.name + ": " + field.value + "\n";
    EXPECT_EQ(fields, "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n");
  }
}

TEST(Handshake, refuses_a_version_that_is_no_number) {
  for (const std::string_view version : {"thirteen", "13, 13", "-13", "1 3", ""})
    EXPECT_EQ(refused_with(with("Sec-WebSocket-Version", version)), 400) << version;
}

TEST(Handshake, refuses_a_key_that_is_not_16_bytes_in_base64) {
  for (const std::string_view key :
       {"dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQAA", "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25 ZQ==",
        "dGhlIHNhbXBsZSBub25_ZQ==", "==dGhlIHNhbXBsZSBub25jZQ", "AAAA", "=", ""})
    EXPECT_EQ(refused_with(with("Sec-WebSocket-Key", key)), 400) << key;
}

TEST(Handshake, refuses_a_key_or_a_version_given_twice) {
  for (const std::string_view name : {"Sec-WebSocket-Key", "Sec-WebSocket-Version"}) {
    HttpRequest request = good();
    request.fields.push_back({std::string(name), std::string(request.header(name))});

    EXPECT_EQ(refused_with(request), 400) << name;
  }
}

}  // namespace
}  // namespace parley
