#pragma once
// MessageCounts: what became of the messages that a table of series was given.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parley {

enum class MessageOutcome : std::uint8_t {
  taken,
  malformed,       ///< not what its subject promises
  too_large,       ///< larger than any relay sends it
  too_many_peers,  ///< a health report of more than health_peers_max
  stale,           ///< said more than half a minute ago
  table_full,      ///< one more than the table may hold
};
inline constexpr std::size_t message_outcome_count = 6;

constexpr std::string_view name_of(MessageOutcome outcome) {
  constexpr std::array<std::string_view, message_outcome_count> names = {
      "taken", "malformed", "too_large", "too_many_peers", "stale", "table_full"};
  return names[static_cast<std::size_t>(outcome)];
}

struct MessageCounts {
  std::array<std::uint64_t, message_outcome_count> of{};

  void add(MessageOutcome outcome) { ++of[static_cast<std::size_t>(outcome)]; }
  [[nodiscard]] std::uint64_t operator[](MessageOutcome outcome) const {
    return of[static_cast<std::size_t>(outcome)];
  }
};

}  // namespace parley
