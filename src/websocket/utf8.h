#pragma once
// UTF-8 as text messages and close reasons must be (RFC 3629 §4: shortest form, no surrogates,
// nothing above U+10FFFF), checked in pieces of any size. A whole text is wire/utf8.h's.

#include <cstddef>
#include <cstdint>
#include <string_view>

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

/// The longest beginning of `text` of at most `bytes_max` bytes that splits no code point.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace parley
