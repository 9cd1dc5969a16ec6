#include "websocket/utf8.h"

namespace parley {
namespace {

constexpr bool is_continuation(char byte) { return (byte & 0xc0) == 0x80; }

}  // namespace

std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && is_continuation(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace parley
