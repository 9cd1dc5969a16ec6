#include "bench/floor.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

TEST(Floor, is_the_middle_of_its_runs) {
  const Floor floor = summarize({3us, 2us, 9us, 2us, 3us});

  EXPECT_EQ(floor.median, 3us);
  EXPECT_EQ(floor.least, 2us);
  EXPECT_EQ(floor.most, 9us);
  EXPECT_TRUE(floor.is_unsteady());
}

TEST(Floor, is_absent_without_runs) {
  EXPECT_FALSE(summarize({}));
  EXPECT_FALSE(summarize({}).is_unsteady());
}

}  // namespace
}  // namespace parley::bench
