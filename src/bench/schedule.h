#pragma once
// Schedule: which packet of which stream is due when.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "base/time.h"

namespace parley::bench {

/// A stream of packets at an even rate: number n is due `phase + n / rate` after the start.
struct Cadence {
  double rate = 1;
  Duration phase{};

  [[nodiscard]] Duration due(std::uint64_t n) const {
    return phase + Duration(static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / rate));
  }
};

/// The phase of the `index`-th of `count` streams of one rate, so that they are spread evenly over
/// one interval.
Duration spread_phase(double rate, std::size_t index, std::size_t count);

/// One packet that is due.
struct DuePacket {
  std::size_t stream = 0;
  std::uint64_t number = 0;
};

/// Merges the cadences of many streams into one order of due times.
class Schedule {
 public:
  /// The streams are named by their place in `cadences`.
  explicit Schedule(std::vector<Cadence> cadences);

  /// When the next packet is due, from the start; there is always one.
  [[nodiscard]] Duration next_due() const { return queue_.top().due; }

  /// The next packet if it is due `elapsed` after the start.
  std::optional<DuePacket> take(Duration elapsed);

 private:
  struct Entry {
    Duration due;
    DuePacket packet;
    friend bool operator>(const Entry& a, const Entry& b) { return a.due > b.due; }
  };

  std::vector<Cadence> cadences_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

}  // namespace parley::bench
