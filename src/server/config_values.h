#pragma once
// How values are spelt in flags, variables and files: "25s", "64KiB", "true".

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// "25s", "500ms", "2m", "1h", "100us"; a bare 0 needs no unit. Nothing for anything else.
[[nodiscard]] std::optional<std::chrono::microseconds> parse_duration(std::string_view text);
/// The same in the largest unit that is exact: 90 s is "90s", 120 s is "2m".
[[nodiscard]] std::string format_duration(std::chrono::microseconds duration);

/// "64KiB", "2MiB", "1GiB", "4096B" or "4096": bytes.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::int64_t bytes);

/// A whole number, with its sign, and nothing else.
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view text);

/// "true" or "false".
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

/// `text` in double quotes, as TOML and people read it; what cannot be shown is escaped.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace parley
