#include "websocket/utf8.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(Utf8Prefix, keeps_a_text_that_fits) {
  EXPECT_EQ(utf8_prefix("caf\xc3\xa9", 5), "caf\xc3\xa9");
  EXPECT_EQ(utf8_prefix("", 0), "");
}

TEST(Utf8Prefix, cuts_between_code_points) {
  EXPECT_EQ(utf8_prefix("caf\xc3\xa9", 4), "caf");
  EXPECT_EQ(utf8_prefix("\xf0\x9f\x99\x82x", 3), "");
  EXPECT_EQ(utf8_prefix("a\xf0\x9f\x99\x82x", 5), "a\xf0\x9f\x99\x82");
}

}  // namespace
}  // namespace parley
