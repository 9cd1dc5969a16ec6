#include "webtransport/http3_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

using wt_test::connect_fields;
using wt_test::get_fields;
using Fields = std::vector<Http3Field>;

Fields with(Fields fields, std::string_view name, std::string_view value) {
  for (Http3Field& field : fields) {
    if (field.first != name) continue;
    field.second = value;
    return fields;
  }
  fields.emplace_back(name, value);
  return fields;
}

Fields without(Fields fields, std::string_view name) {
  std::erase_if(fields, [&](const Http3Field& field) { return field.first == name; });
  return fields;
}

TEST(Http3Request, reads_a_connect_of_every_draft) {
  for (const std::string_view protocol : {"webtransport", "webtransport-h3"}) {
    const auto request = read_request(with(connect_fields(), ":protocol", protocol));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->method, "CONNECT");
    EXPECT_EQ(request->protocol, protocol);
    EXPECT_EQ(request->authority, "relay.example:4433");
    EXPECT_EQ(request->path, "/lobby/alice/kitchen");
    EXPECT_EQ(request->fields, (Fields{{"origin", "https://relay.example"}}));
  }
}

TEST(Http3Request, reads_pseudo_fields_in_any_order) {
  Fields fields = without(connect_fields(), "origin");
  std::ranges::sort(fields);
  do {
    EXPECT_TRUE(read_request(fields));
  } while (std::ranges::next_permutation(fields).found);
}

TEST(Http3Request, takes_the_host_for_a_missing_authority) {
  const auto request = read_request(with(without(get_fields(), ":authority"), "host", "there"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->authority, "there");
}

TEST(Http3Request, is_refused_when_it_is_not_well_formed) {
  const Fields requests[] = {
      {},
      without(connect_fields(), ":method"),
      without(connect_fields(), ":protocol"),
      without(connect_fields(), ":scheme"),
      without(connect_fields(), ":authority"),
      without(connect_fields(), ":path"),
      with(connect_fields(), ":scheme", "http"),
      with(connect_fields(), ":path", "lobby"),
      with(connect_fields(), ":path", ""),
      with(connect_fields(), ":status", "200"),
      with(connect_fields(), ":path", std::string("/a\0b", 4)),
      with(get_fields(), ":protocol", "webtransport"),
      with(get_fields(), "Upper", "case"),
      with(get_fields(), "white space", "x"),
      with(get_fields(), "", "x"),
      with(get_fields(), "x", "line\nbreak"),
      with(get_fields(), "connection", "close"),
      with(get_fields(), "transfer-encoding", "chunked"),
      with(get_fields(), "te", "gzip"),
      {{"late", "x"}, {":method", "GET"}},
      {{":method", "GET"}, {":method", "GET"}},
  };
  for (const Fields& fields : requests) {
    const auto request = read_request(fields);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().status, 400);
    EXPECT_EQ(request.error().word, "malformed");
    EXPECT_FALSE(request.error().sentence.empty());
  }
  EXPECT_TRUE(read_request(with(get_fields(), "te", "trailers")));
}

TEST(Http3Request, is_refused_when_nobody_answers_it) {
  for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS", "get"})
    EXPECT_EQ(read_request(get_fields(method)).error().status, 405) << method;
  EXPECT_EQ(read_request(with(connect_fields(), ":protocol", "websocket")).error().status, 501);
}

// The fields of a frame, and what stands behind it.
std::pair<Fields, std::string> read_frames(const std::vector<std::uint8_t>& frames) {
  Bytes rest = frames;
  EXPECT_EQ(read_varint(rest), http3_frame::headers);
  const auto length = read_varint(rest);
  const auto fields = decode_fields(rest.first(*length));
  EXPECT_TRUE(fields);
  return {*fields, std::string(as_text(rest.subspan(*length)))};
}

TEST(Http3Response, is_headers_and_a_body) {
  const Http3Response response{.status = 404, .content_type = "text/html", .body = "nothing"};
  const Fields expected = {
      {":status", "404"}, {"content-type", "text/html"}, {"content-length", "7"}};

  EXPECT_EQ(read_frames(response_frames(response, true)),
            std::pair(expected, wt_test::in_data("nothing")));
  EXPECT_EQ(read_frames(response_frames(response, false)), std::pair(expected, std::string()));
}

TEST(Http3Response, names_the_draft_to_a_client_that_named_it) {
  const auto plain = read_request(connect_fields());
  EXPECT_EQ(read_frames(accepting_frame(*plain)).first, (Fields{{":status", "200"}}));

  const auto named = read_request(with(connect_fields(), "sec-webtransport-http3-draft02", "1"));
  EXPECT_EQ(read_frames(accepting_frame(*named)).first,
            (Fields{{":status", "200"}, {"sec-webtransport-http3-draft", "draft02"}}));
}

}  // namespace
}  // namespace parley
