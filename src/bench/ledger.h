#pragma once
// Ledger: what one receiver got of each sender, and in which order.

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "bench/mark.h"
#include "bench/sequence_window.h"

namespace parley::bench {

/// What one arriving packet says.
struct Judgement {
  /// Among all packets of its sender.
  Arrival arrival = Arrival::in_order;
  /// Overtaken by a later packet of its own stream.
  bool late_in_stream = false;
  /// Numbers of its stream that are missing before it, [first, last); empty when nothing is
  /// missing.
  std::uint32_t gap_first = 0;
  std::uint32_t gap_last = 0;
};

/// The books of one receiver. Senders are named by their place in the room.
class Ledger {
 public:
  explicit Ledger(std::size_t senders) : entries_(senders) {}

  Judgement arrive(std::size_t sender, const Mark& mark) {
    Entry& entry = entries_[sender];
    Judgement judgement;
    judgement.arrival = entry.window.arrive(mark.sequence);
    if (judgement.arrival == Arrival::repeated) return judgement;
    std::uint32_t& end = entry.stream_end[static_cast<std::size_t>(mark.stream)];
    if (mark.stream_sequence < end) {
      judgement.late_in_stream = true;
    } else {
      judgement.gap_first = end;
      judgement.gap_last = mark.stream_sequence;
      end = mark.stream_sequence + 1;
    }
    ++entry.delivered[static_cast<std::size_t>(mark.stream)];
    return judgement;
  }

  /// Distinct packets of one stream that have arrived.
  [[nodiscard]] std::uint32_t delivered(std::size_t sender, StreamKind stream) const {
    return entries_[sender].delivered[static_cast<std::size_t>(stream)];
  }

  /// Distinct packets of one sender that have arrived.
  [[nodiscard]] std::uint64_t delivered(std::size_t sender) const {
    const auto& counts = entries_[sender].delivered;
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }

 private:
  struct Entry {
    SequenceWindow window;
    std::array<std::uint32_t, stream_kind_count> stream_end{};
    std::array<std::uint32_t, stream_kind_count> delivered{};
  };
  std::vector<Entry> entries_;
};

}  // namespace parley::bench
