#include "store/queries.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

const Dialect sqlite{};
const Dialect postgres{.record = "\"public\".", .own = "parley.", .is_postgres = true};

TEST(Queries, name_tables_where_they_are) {
  constexpr std::string_view text = "SELECT 1 FROM @meetings, @session_participants, @holders AS h";

  EXPECT_EQ(in_dialect(text, sqlite), "SELECT 1 FROM meetings, session_participants, holders AS h");
  EXPECT_EQ(
      in_dialect(text, postgres),
      "SELECT 1 FROM \"public\".meetings, \"public\".session_participants, parley.holders AS h");
}

TEST(Queries, pass_times_as_milliseconds) {
  constexpr std::string_view text = "SET a = $1, b = later(c, $2ms) RETURNING ms(max(a)), items(b)";

  EXPECT_EQ(in_dialect(text, sqlite), "SET a = ?1, b = max(c, ?2) RETURNING (max(a)), items(b)");
  EXPECT_EQ(in_dialect(text, postgres),
            "SET a = $1, b = greatest(c, to_timestamp($2::bigint / 1000.0)) RETURNING "
            "floor(extract(epoch from (max(a))) * 1000)::bigint, items(b)");
}

TEST(Queries, are_all_there_under_their_names) {
  for (std::size_t i = 0; i < query_count; ++i)
    EXPECT_FALSE(text_of(static_cast<Query>(i)).empty()) << i;
}

}  // namespace
}  // namespace parley
