#pragma once
// What the stores say in SQL: one text for each query, and how it is put in the words of each
// engine.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parley {

enum class Query : std::uint8_t {
  enter,
  hold,
  present,
  meeting,
  begin_meeting,
  end_meeting,
  add_host,
  hosts,
  clear_hosts,
  release,
  release_everywhere,
  release_if_since,
  leave_if_released,
  leave_all,
  release_all,
  renew,
  lost_rooms,
  leave_lost,
  release_lost,
  last_left,
  forget_instances,
};
inline constexpr std::size_t query_count = static_cast<std::size_t>(Query::forget_instances) + 1;

/// A query as `queries.cpp` writes it.
///
/// - `@meetings` and the like name our tables;
/// - `$2` is the second argument, `$2ms` the second argument as a time: milliseconds since 1970;
/// - `ms(x)` is a time of the tables as such a number; `later(x, y)` the later of two.
[[nodiscard]] std::string_view text_of(Query query);

/// How an engine says these things, and where the tables are.
struct Dialect {
  std::string record;  ///< before the names of the two tables of the record: `"public".` or nothing
  std::string own;     ///< before the names of the others
  bool is_postgres = false;
};

/// `text` as the engine reads it.
[[nodiscard]] std::string in_dialect(std::string_view text, const Dialect& dialect);

}  // namespace parley
