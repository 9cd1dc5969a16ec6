#pragma once
// Cutting UTF-8, as the reason of a close frame must be. Checking it is wire/utf8.h's.

#include <cstddef>
#include <string_view>

namespace parley {

/// The longest beginning of `text` of at most `bytes_max` bytes that splits no code point.
[[nodiscard]] std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

}  // namespace parley
