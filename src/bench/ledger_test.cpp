#include "bench/ledger.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

Mark mark(StreamKind stream, std::uint32_t sequence, std::uint32_t stream_sequence) {
  return {.sequence = sequence, .stream_sequence = stream_sequence, .stream = stream};
}

TEST(Ledger, counts_order_per_sender_and_per_stream_apart) {
  Ledger ledger(1);
  ledger.arrive(0, mark(StreamKind::audio, 1, 0));

  const Judgement overtaken = ledger.arrive(0, mark(StreamKind::video, 0, 0));

  EXPECT_EQ(overtaken.arrival, Arrival::late);
  EXPECT_FALSE(overtaken.late_in_stream);
  EXPECT_EQ(ledger.delivered(0), 2U);
}

TEST(Ledger, names_what_is_missing_before_a_packet) {
  Ledger ledger(2);
  ledger.arrive(1, mark(StreamKind::video, 0, 0));

  const Judgement after_gap = ledger.arrive(1, mark(StreamKind::video, 9, 5));
  const Judgement next = ledger.arrive(1, mark(StreamKind::video, 10, 6));

  EXPECT_EQ(after_gap.gap_first, 1U);
  EXPECT_EQ(after_gap.gap_last, 5U);
  EXPECT_EQ(next.gap_first, next.gap_last);
}

TEST(Ledger, counts_a_repeated_packet_once) {
  Ledger ledger(1);
  ledger.arrive(0, mark(StreamKind::data, 0, 0));

  EXPECT_EQ(ledger.arrive(0, mark(StreamKind::data, 0, 0)).arrival, Arrival::repeated);
  EXPECT_EQ(ledger.delivered(0, StreamKind::data), 1U);
}

}  // namespace
}  // namespace parley::bench
