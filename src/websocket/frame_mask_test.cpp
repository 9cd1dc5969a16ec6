#include "websocket/frame_mask.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace parley {
namespace {

constexpr MaskKey some_key{0x11, 0xa2, 0x33, 0xf4};

TEST(FrameMask, undoes_itself_at_every_size_and_offset) {
  std::vector<std::uint8_t> plain(200);
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<std::uint8_t>(i * 31);
  for (std::size_t size = 0; size <= plain.size(); ++size) {
    for (std::size_t offset = 0; offset < 5; ++offset) {
      const Bytes from(plain.data(), size);
      std::vector<std::uint8_t> masked(size);

      copy_masked(masked.data(), from, some_key, offset);

      for (std::size_t i = 0; i < size; ++i)
        ASSERT_EQ(masked[i], plain[i] ^ some_key[(offset + i) % 4]);
      copy_masked(masked.data(), masked, some_key, offset);
      EXPECT_TRUE(std::equal(masked.begin(), masked.end(), plain.begin()));
    }
  }
}

}  // namespace
}  // namespace parley
