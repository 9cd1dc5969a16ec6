#include "webtransport/qpack.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parley {
namespace {

using Fields = std::vector<Http3Field>;

TEST(Qpack, decodes_what_it_encoded) {
  const Fields sections[] = {
      {},
      {{":status", "200"}},
      {{":status", "418"}, {"content-type", "text/plain"}, {"content-length", "0"}},
      {{":method", "CONNECT"}, {":path", "/lobby/\xc3\xa9"}, {"x", std::string(3000, 'v')}},
      {{"twice", "1"}, {"twice", "2"}, {"empty", ""}},
  };
  for (const Fields& fields : sections) {
    const auto decoded = decode_fields(encode_fields(fields));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, fields);
  }
}

TEST(Qpack, decodes_plain_literals_and_huffman) {
  // Prefix, then `name` with a literal name: 3 + 4 bits of its length, and the value.
  std::vector<std::uint8_t> section = {0, 0, 0x24, 'n', 'a', 'm', 'e', 5, 'v', 'a', 'l', 'u', 'e'};
  auto fields = decode_fields(section);
  ASSERT_TRUE(fields);
  EXPECT_EQ(*fields, (Fields{{"name", "value"}}));

  // :authority by its static index 0, www.example.com in the Huffman code of RFC 7541 §C.4.1.
  section = {0,    0,    0x50, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5,
             0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff};
  fields = decode_fields(section);
  ASSERT_TRUE(fields);
  EXPECT_EQ(*fields, (Fields{{":authority", "www.example.com"}}));
}

TEST(Qpack, refuses_what_cannot_be_decoded) {
  const std::vector<std::uint8_t> sections[] = {
      {},                                        // no prefix
      {0},                                       // half a prefix
      {1, 0},                                    // an insert count, where there is no table
      {0, 0, 0x80},                              // the dynamic table, relative
      {0, 0, 0x10},                              // the dynamic table, post-base
      {0, 0, 0xff, 0xff, 0xff},                  // a static index that goes on
      {0, 0, 0xff, 0x80, 0x01},                  // a static index that does not exist
      {0, 0, 0x24, 'n', 'a'},                    // cut in the name
      {0, 0, 0x24, 'n', 'a', 'm', 'e', 5, 'v'},  // cut in the value
  };
  for (const auto& section : sections) {
    const auto fields = decode_fields(section);
    ASSERT_FALSE(fields);
    EXPECT_EQ(fields.error(), QpackFailure::malformed);
  }
}

TEST(Qpack, refuses_every_beginning_of_a_section) {
  const Fields fields = {{":method", "CONNECT"}, {":protocol", "webtransport"}, {"a", "bc"}};
  const std::vector<std::uint8_t> section = encode_fields(fields);
  for (std::size_t size = 0; size < section.size(); ++size) {
    const auto decoded = decode_fields(Bytes(section).first(size));
    EXPECT_TRUE(!decoded || decoded->size() < fields.size()) << size;
  }
}

TEST(Qpack, refuses_too_many_fields_and_too_many_bytes) {
  Fields fields(fields_max, {"a", "b"});
  EXPECT_TRUE(decode_fields(encode_fields(fields)));
  fields.push_back({"a", "b"});
  EXPECT_EQ(decode_fields(encode_fields(fields)).error(), QpackFailure::too_large);

  fields = {{"a", std::string(20000, 'x')}, {"b", std::string(12000, 'x')}};
  EXPECT_TRUE(decode_fields(encode_fields(fields)));
  fields.push_back({"c", std::string(1000, 'x')});
  EXPECT_EQ(decode_fields(encode_fields(fields)).error(), QpackFailure::too_large);
}

TEST(QpackStreams, let_an_encoder_say_only_that_its_table_is_empty) {
  const std::vector<std::uint8_t> capacity_0 = {0x20, 0x20};
  EXPECT_TRUE(is_legal_encoder_stream({}));
  EXPECT_TRUE(is_legal_encoder_stream(capacity_0));
  for (const int first : {0x00, 0x01, 0x21, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff}) {
    const std::vector<std::uint8_t> bytes = {0x20, static_cast<std::uint8_t>(first)};
    EXPECT_FALSE(is_legal_encoder_stream(bytes)) << first;
  }
}

TEST(QpackStreams, let_a_decoder_cancel_streams_and_nothing_else) {
  const std::vector<std::uint8_t> cancels = {0x40, 0x7e, 0x7f, 0x00, 0x7f, 0xff, 0x80, 0x01, 0x44};
  for (std::size_t cut = 0; cut <= cancels.size(); ++cut) {
    QpackDecoderStream stream;
    EXPECT_TRUE(stream.feed(Bytes(cancels).first(cut)));
    EXPECT_TRUE(stream.feed(Bytes(cancels).subspan(cut)));
  }
  for (const int first : {0x00, 0x01, 0x3f, 0x80, 0xff}) {
    const std::vector<std::uint8_t> bytes = {0x40, static_cast<std::uint8_t>(first)};
    EXPECT_FALSE(QpackDecoderStream().feed(bytes)) << first;
  }
  std::vector<std::uint8_t> endless(20, 0xff);
  endless[0] = 0x7f;
  EXPECT_FALSE(QpackDecoderStream().feed(endless));
}

}  // namespace
}  // namespace parley
