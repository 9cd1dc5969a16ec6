#include "server/config_values.h"

#include <array>
#include <charconv>
#include <limits>

namespace parley {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// From large to small, so that formatting finds the largest exact one first.
constexpr std::array<Unit, 5> duration_units{{
    {"h", 3'600'000'000},
    {"m", 60'000'000},
    {"s", 1'000'000},
    {"ms", 1'000},
    {"us", 1},
}};

constexpr std::array<Unit, 4> size_units{{
    {"GiB", std::int64_t{1} << 30},
    {"MiB", std::int64_t{1} << 20},
    {"KiB", std::int64_t{1} << 10},
    {"B", 1},
}};

// A number without sign followed by one of `units`; a bare number counts in `bare` when that is not
// 0.
template <std::size_t count>
std::optional<std::int64_t> parse_with_unit(std::string_view text,
                                            const std::array<Unit, count>& units,
                                            std::int64_t bare) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{}) return std::nullopt;
  const std::string_view name(read.ptr, static_cast<std::size_t>(end - read.ptr));
  std::int64_t factor = 0;
  if (name.empty()) factor = number == 0 ? 1 : bare;
  for (const auto& unit : units)
    if (unit.name == name) factor = unit.factor;
  if (factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor)
    return std::nullopt;
  return number * factor;
}

template <std::size_t count>
std::string format_with_unit(std::int64_t value, const std::array<Unit, count>& units) {
  for (const auto& unit : units)
    if (value % unit.factor == 0) return std::to_string(value / unit.factor) += unit.name;
  return std::to_string(value);
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const auto count = parse_with_unit(text, duration_units, 0);
  if (!count) return std::nullopt;
  return std::chrono::microseconds(*count);
}

std::string format_duration(std::chrono::microseconds duration) {
  if (duration.count() == 0) return "0s";
  return format_with_unit(duration.count(), duration_units);
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  return parse_with_unit(text, size_units, 1);
}

std::string format_size(std::int64_t bytes) {
  if (bytes == 0) return "0B";
  return format_with_unit(bytes, size_units);
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return number;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::string in_quotes(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string shown = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      shown += '\\';
      shown += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      shown += "\\u00";
      shown += digits[byte >> 4];
      shown += digits[byte & 15];
    } else {
      shown += c;
    }
  }
  return shown + "\"";
}

}  // namespace parley
