#pragma once
// Latency: a histogram of durations that costs a few nanoseconds per sample.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace parley::bench {

/// Counts durations in buckets 1.6 % wide (64 to each power of two), from 0 to about 70 s; longer
/// ones count as the longest. Quantiles are right to within a bucket, the maximum exactly.
class Latency {
 public:
  void record(Duration duration) {
    const std::int64_t nanos = duration.count();
    const auto value = static_cast<std::uint64_t>(nanos < 0 ? 0 : nanos);
    ++counts_[bucket_of(value)];
    ++count_;
    if (value > max_) max_ = value;
  }

  /// Adds the samples of `other`.
  void merge(const Latency& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Duration max() const { return Duration(static_cast<std::int64_t>(max_)); }

  /// The duration that the share `q` of the samples (0 to 1) does not exceed; zero without samples.
  [[nodiscard]] Duration quantile(double q) const;

 private:
  static constexpr unsigned steps_log2 = 6;
  static constexpr std::size_t steps = std::size_t{1} << steps_log2;
  static constexpr std::size_t bucket_count = steps * 31;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < steps) return value;
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - steps_log2 - 1;
    const std::size_t bucket = (shift + 1) * steps + ((value >> shift) - steps);
    return bucket < bucket_count ? bucket : bucket_count - 1;
  }
  static std::uint64_t upper_end_of(std::size_t bucket);

  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace parley::bench
