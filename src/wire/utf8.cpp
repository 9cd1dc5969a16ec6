#include "wire/utf8.h"

#include <cstring>

namespace parley {
namespace {

// Where the ASCII at the beginning of `text` ends, to within eight bytes: a step for long texts.
std::size_t skip_ascii(Bytes text) {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, text.data() + i, sizeof eight);
    if ((eight & high_bits) != 0) break;
  }
  return i;
}

}  // namespace

bool Utf8Checker::feed(Bytes piece) {
  std::size_t i = 0;
  while (i < piece.size()) {
    if (missing_ == 0) {
      i += skip_ascii(piece.subspan(i));
      // Up to the next byte that begins something longer than one byte.
      while (i < piece.size() && piece[i] < 0x80) ++i;
      if (i == piece.size()) return true;
      if (!start(piece[i++])) return false;
    } else {
      const std::uint8_t byte = piece[i++];
      if (byte < next_min_ || byte > next_max_) return false;
      --missing_;
      next_min_ = 0x80;
      next_max_ = 0xbf;
    }
  }
  return true;
}

bool Utf8Checker::start(std::uint8_t lead) {
  // The table of RFC 3629 §4: E0 and F0 exclude longer forms of what fits in fewer bytes, ED
  // excludes surrogates, F4 excludes what lies above U+10FFFF.
  if (lead >= 0xc2 && lead <= 0xdf) {
    missing_ = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    missing_ = 2;
    if (lead == 0xe0) next_min_ = 0xa0;
    if (lead == 0xed) next_max_ = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    missing_ = 3;
    if (lead == 0xf0) next_min_ = 0x90;
    if (lead == 0xf4) next_max_ = 0x8f;
  } else {
    return false;
  }
  return true;
}

}  // namespace parley
