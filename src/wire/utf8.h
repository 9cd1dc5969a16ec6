#pragma once
// UTF-8 as RFC 3629 §4 defines it: shortest form, no surrogates, nothing above U+10FFFF. Texts are
// checked whole or in pieces of any size.

#include <cstdint>

#include "base/bytes.h"

namespace parley {

/// Checks a text that comes in pieces and refuses at the first byte no valid text could go on with.
class Utf8Checker {
 public:
  /// False once what was fed cannot be the beginning of a valid text; feed nothing after that.
  [[nodiscard]] bool feed(Bytes piece);

  /// True when what was fed so far ends with a whole code point.
  [[nodiscard]] bool is_whole() const { return missing_ == 0; }

 private:
  /// Starts the code point that `lead` announces; false if none may begin with it.
  bool start(std::uint8_t lead);

  // Continuation bytes still missing, and where the next of them must lie.
  std::uint8_t missing_ = 0;
  std::uint8_t next_min_ = 0x80;
  std::uint8_t next_max_ = 0xbf;
};

/// True if `text` is well-formed from its first to its last byte.
[[nodiscard]] inline bool is_utf8(Bytes text) {
  Utf8Checker checker;
  return checker.feed(text) && checker.is_whole();
}

}  // namespace parley
