#include "http/http_date.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(HttpDate, is_that_of_the_second) {
  HttpDate date;
  EXPECT_EQ(date.at({0}), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.at({784'111'777'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at({784'111'777'999}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at({784'111'778'000}), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(date.at({784'111'777'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace parley
