#pragma once
// SequenceWindow: which of a sender's numbered packets have arrived, to tell late ones from
// repeated ones.

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::bench {

/// What one arrival says about the order of arrivals.
enum class Arrival : std::uint8_t { in_order, late, repeated };

/// Remembers the last 2 048 numbers of one sequence. A number older than that counts as late: no
/// relay within reason holds a packet back so long.
class SequenceWindow {
 public:
  /// Notes that `number` (0, 1, 2, …; gaps allowed) has arrived.
  Arrival arrive(std::uint32_t number) {
    const std::uint64_t end = std::uint64_t{number} + 1;
    if (end > end_) {
      forget_up_to(end);
      end_ = end;
      set(number);
      return Arrival::in_order;
    }
    if (end_ - number > width) return Arrival::late;
    if (has(number)) return Arrival::repeated;
    set(number);
    return Arrival::late;
  }

  /// One more than the highest number that has arrived.
  [[nodiscard]] std::uint64_t end() const { return end_; }

 private:
  static constexpr std::size_t width = 2048;

  void forget_up_to(std::uint64_t end) {
    if (end - end_ == 1) {
      clear(end_);
      return;
    }
    if (end - end_ >= width) {
      words_.fill(0);
      return;
    }
    for (std::uint64_t number = end_; number < end; ++number) clear(number);
  }

  [[nodiscard]] bool has(std::uint64_t number) const {
    return (words_[number % width / 64] >> (number % 64) & 1U) != 0;
  }
  void set(std::uint64_t number) {
    words_[number % width / 64] |= std::uint64_t{1} << (number % 64);
  }
  void clear(std::uint64_t number) {
    words_[number % width / 64] &= ~(std::uint64_t{1} << (number % 64));
  }

  std::array<std::uint64_t, width / 64> words_{};
  std::uint64_t end_ = 0;
};

}  // namespace parley::bench
