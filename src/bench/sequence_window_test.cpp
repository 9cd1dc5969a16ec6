#include "bench/sequence_window.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

TEST(SequenceWindow, takes_an_unbroken_sequence_as_in_order) {
  SequenceWindow window;
  for (std::uint32_t n = 0; n < 10'000; ++n) ASSERT_EQ(window.arrive(n), Arrival::in_order);
}

TEST(SequenceWindow, tells_a_late_packet_from_a_repeated_one) {
  SequenceWindow window;
  window.arrive(0);
  window.arrive(2);

  EXPECT_EQ(window.arrive(1), Arrival::late);
  EXPECT_EQ(window.arrive(1), Arrival::repeated);
  EXPECT_EQ(window.arrive(2), Arrival::repeated);
  EXPECT_EQ(window.arrive(3), Arrival::in_order);
}

TEST(SequenceWindow, forgets_what_a_wide_gap_passes_over) {
  SequenceWindow window;
  for (std::uint32_t n = 0; n < 100; ++n) window.arrive(n);
  window.arrive(2'100);

  EXPECT_EQ(window.arrive(2'050), Arrival::late) << "number 2 had the same place";
  EXPECT_EQ(window.arrive(2'050), Arrival::repeated);
}

TEST(SequenceWindow, calls_everything_beyond_its_memory_late) {
  SequenceWindow window;
  window.arrive(0);
  window.arrive(100'000);

  EXPECT_EQ(window.arrive(0), Arrival::late);
  EXPECT_EQ(window.arrive(50'000), Arrival::late);
  EXPECT_EQ(window.arrive(100'000), Arrival::repeated);
}

}  // namespace
}  // namespace parley::bench
