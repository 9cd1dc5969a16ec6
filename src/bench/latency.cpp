#include "bench/latency.h"

#include <algorithm>
#include <cmath>

namespace parley::bench {

void Latency::merge(const Latency& other) {
  for (std::size_t i = 0; i < bucket_count; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

Duration Latency::quantile(double q) const {
  if (count_ == 0) return Duration::zero();
  const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(count_)));
  const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += counts_[i];
    if (seen >= rank) return Duration(static_cast<std::int64_t>(std::min(upper_end_of(i), max_)));
  }
  return max();
}

std::uint64_t Latency::upper_end_of(std::size_t bucket) {
  if (bucket < steps) return bucket;
  const std::size_t shift = bucket / steps - 1;
  const std::uint64_t start = (steps + bucket % steps) << shift;
  return start + (std::uint64_t{1} << shift) - 1;
}

}  // namespace parley::bench
