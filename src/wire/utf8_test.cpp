#include "wire/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace parley {
namespace {

enum class Verdict { valid, unfinished, invalid };

// Feeds `text` in pieces of `piece` bytes.
Verdict verdict_of(std::string_view text, std::size_t piece) {
  Utf8Checker checker;
  for (Bytes rest = as_bytes(text); !rest.empty();) {
    const std::size_t size = std::min(piece, rest.size());
    if (!checker.feed(rest.first(size))) return Verdict::invalid;
    rest = rest.subspan(size);
  }
  return checker.is_whole() ? Verdict::valid : Verdict::unfinished;
}

// The bytes of one code point by the definition, whether or not it may be encoded.
std::string encoded(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

// The definition: a row of code points that may be encoded, each in its shortest form.
bool is_utf8_by_definition(std::string_view text) {
  while (!text.empty()) {
    const auto lead = static_cast<std::uint8_t>(text.front());
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    std::uint32_t point = size == 1 ? lead : lead & (0x7f >> size);
    for (const char tail : text.substr(1, size - 1))
      point = point << 6 | (static_cast<std::uint8_t>(tail) & 0x3f);
    const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    if (is_surrogate || point > 0x10ffff || !text.starts_with(encoded(point))) return false;
    text.remove_prefix(encoded(point).size());
  }
  return true;
}

TEST(Utf8Checker, accepts_every_code_point_but_surrogates) {
  for (std::uint32_t point = 0; point < 0x111000; ++point) {
    const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
    const Verdict expected = is_surrogate || point > 0x10ffff ? Verdict::invalid : Verdict::valid;

    EXPECT_EQ(verdict_of(encoded(point), 1), expected) << std::hex << point;
  }
}

TEST(Utf8Checker, refuses_longer_forms_than_needed) {
  for (const std::string_view text : {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
                                      "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf"})
    EXPECT_EQ(verdict_of(text, 4), Verdict::invalid);
}

TEST(Utf8Checker, refuses_bytes_that_begin_nothing) {
  for (int byte = 0x80; byte <= 0xff; ++byte) {
    const bool is_lead = byte >= 0xc2 && byte <= 0xf4;
    const std::string text(1, static_cast<char>(byte));

    EXPECT_EQ(verdict_of(text, 1), is_lead ? Verdict::unfinished : Verdict::invalid) << byte;
  }
}

TEST(Utf8Checker, refuses_at_the_first_byte_that_cannot_go_on) {
  Utf8Checker checker;

  EXPECT_TRUE(checker.feed(as_bytes("long enough to be skipped \xf4")));
  EXPECT_FALSE(checker.feed(as_bytes("\x90")));
}

TEST(Utf8Checker, finds_one_bad_byte_at_every_place_of_a_long_text) {
  for (std::size_t place = 0; place < 40; ++place) {
    std::string text(40, 'a');
    text[place] = '\xff';

    for (const std::size_t piece : {1u, 3u, 8u, 40u})
      EXPECT_EQ(verdict_of(text, piece), Verdict::invalid) << place;
  }
}

TEST(Utf8Checker, agrees_with_the_definition_whatever_the_pieces) {
  std::mt19937 random(20240611);
  const std::string alphabet = "aZ\x7f\x80\xbf\xc2\xdf\xe0\xed\xa0\x9f\xf0\x90\x8f\xf4\xef";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (std::size_t left = random() % 12; left > 0; --left) {
      if (random() % 2 == 0)
        text += encoded(random() % 0x110000);
      else
        text += alphabet[random() % alphabet.size()];
    }

    const bool is_valid = verdict_of(text, 1 + random() % 5) == Verdict::valid;

    EXPECT_EQ(is_valid, is_utf8_by_definition(text)) << ::testing::PrintToString(text);
    EXPECT_EQ(is_utf8(as_bytes(text)), is_valid) << ::testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace parley
