#include "server/config_values.h"

#include <gtest/gtest.h>

#include "base/time.h"

namespace parley {
namespace {

TEST(ConfigValues, read_durations_with_a_unit) {
  EXPECT_EQ(parse_duration("25s"), 25s);
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("100us"), 100us);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(ConfigValues, read_no_other_durations) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", "5S", "1.5s", "5sec", "5s ", "0x5s",
                           "99999999999999999999s", "9223372036854775807h"})
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
}

TEST(ConfigValues, write_durations_in_their_largest_unit) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(120s), "2m");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(2ms), "2ms");
  EXPECT_EQ(format_duration(0s), "0s");
}

TEST(ConfigValues, read_sizes) {
  EXPECT_EQ(parse_size("64KiB"), 65536);
  EXPECT_EQ(parse_size("2MiB"), 2 * 1024 * 1024);
  EXPECT_EQ(parse_size("1GiB"), 1024 * 1024 * 1024);
  EXPECT_EQ(parse_size("100B"), 100);
  EXPECT_EQ(parse_size("100"), 100);
  for (const char* text :
       {"", "KiB", "64KB", "64kib", "64 KiB", "-1", "1.5MiB", "9999999999999GiB"})
    EXPECT_FALSE(parse_size(text).has_value()) << text;
}

TEST(ConfigValues, write_sizes_as_they_are_read) {
  for (const std::int64_t bytes : {0, 1, 1023, 1024, 65536, 100'000, 2 * 1024 * 1024})
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  EXPECT_EQ(format_size(65536), "64KiB");
}

TEST(ConfigValues, put_text_in_quotes_so_that_nothing_leaves_them) {
  EXPECT_EQ(in_quotes("a\"b\\c\n\x7f"), "\"a\\\"b\\\\c\\u000A\\u007F\"");
}

}  // namespace
}  // namespace parley
