#include "bench/video_sizes.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "bench/packet_template.h"

namespace parley::bench {
namespace {

constexpr double smallest = 400;
constexpr double largest = 3200;
// The mean of smallest + (largest - smallest) * u^2.5 over u in 0 to 1 is 1 200.
constexpr double skew = 2.5;

}  // namespace

VideoSizes::VideoSizes(std::uint32_t seed, double scale) {
  for (std::size_t i = 0; i < count; ++i) {
    const double u = (static_cast<double>(i) + 0.5) / count;
    const double size = (smallest + (largest - smallest) * std::pow(u, skew)) * scale;
    sizes_[i] = std::max(static_cast<int>(size), static_cast<int>(wrapper_bytes_min));
  }
  // Not std::shuffle: its order differs between standard libraries.
  std::mt19937 random(seed);
  for (std::size_t i = count - 1; i > 0; --i) std::swap(sizes_[i], sizes_[random() % (i + 1)]);
}

double VideoSizes::mean() const {
  return std::accumulate(sizes_.begin(), sizes_.end(), 0.0) / static_cast<double>(count);
}

}  // namespace parley::bench
