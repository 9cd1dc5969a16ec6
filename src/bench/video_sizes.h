#pragma once
// VideoSizes: how large the delta frames of a camera are.

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::bench {

/// A fixed cycle of sizes from 0.4 to 3.2 kB, many small and few large, mean about 1.2 kB, in an
/// order that depends on `seed` alone; all multiplied by `scale`.
class VideoSizes {
 public:
  static constexpr std::size_t count = 16;

  VideoSizes(std::uint32_t seed, double scale);

  [[nodiscard]] int operator[](std::size_t frame) const { return sizes_[frame % count]; }
  [[nodiscard]] double mean() const;

 private:
  std::array<int, count> sizes_{};
};

}  // namespace parley::bench
