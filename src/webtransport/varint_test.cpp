#include "webtransport/varint.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley {
namespace {

std::vector<std::uint8_t> written(std::uint64_t value) {
  std::vector<std::uint8_t> bytes;
  append_varint(bytes, value);
  return bytes;
}

TEST(Varint, reads_what_rfc_9000_gives_as_examples) {
  const struct {
    std::vector<std::uint8_t> bytes;
    std::uint64_t value;
  } rows[] = {
      {{0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 151288809941952652},
      {{0x9d, 0x7f, 0x3e, 0x7d}, 494878333},
      {{0x7b, 0xbd}, 15293},
      {{0x25}, 37},
      {{0x40, 0x25}, 37},
  };
  for (const auto& [bytes, value] : rows) {
    Bytes in = bytes;
    EXPECT_EQ(read_varint(in), value);
    EXPECT_TRUE(in.empty());
  }
}

TEST(Varint, writes_the_shortest_form_and_reads_it_again_in_pieces) {
  for (int bits = 0; bits < 62; ++bits) {
    const std::uint64_t power = std::uint64_t{1} << bits;
    for (const std::uint64_t value : {power - 1, power, power + 1}) {
      const std::vector<std::uint8_t> bytes = written(value);
      EXPECT_EQ(bytes.size(), varint_size(value));
      EXPECT_EQ(bytes.size(), varint_size_from(bytes[0]));

      Bytes whole = bytes;
      EXPECT_EQ(read_varint(whole), value);
      VarintReader reader;
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        EXPECT_FALSE(reader.is_whole());
        Bytes piece(&bytes[i], 1);
        EXPECT_EQ(reader.feed(piece), i + 1 == bytes.size());
      }
      EXPECT_EQ(reader.value(), value);
    }
  }
}

TEST(Varint, takes_nothing_of_what_is_cut_and_nothing_behind_it) {
  const std::vector<std::uint8_t> bytes = {0xc0, 0, 0, 0, 0, 0, 0, 9, 77};
  for (std::size_t size = 0; size < 8; ++size) {
    Bytes in = Bytes(bytes).first(size);
    EXPECT_FALSE(read_varint(in));
    EXPECT_EQ(in.size(), size);
  }
  Bytes in = bytes;
  VarintReader reader;
  EXPECT_TRUE(reader.feed(in));
  EXPECT_EQ(in.size(), 1u);
  EXPECT_TRUE(reader.feed(in)) << "a whole one takes no more";
  EXPECT_EQ(in.size(), 1u);
}

}  // namespace
}  // namespace parley
