#pragma once
// UTF-8 as RFC 3629 defines it.

#include "base/bytes.h"

namespace parley {

/// True if `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
inline bool is_utf8(Bytes text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const std::uint8_t lead = text[i++];
    if (lead < 0x80) continue;
    // The range of the second byte excludes overlong forms and surrogates.
    int more = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    for (; more > 0; --more) {
      if (i == text.size() || text[i] < low || text[i] > high) return false;
      ++i;
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

}  // namespace parley
