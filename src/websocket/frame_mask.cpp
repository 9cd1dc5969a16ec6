#include "websocket/frame_mask.h"

#include <cstring>

namespace parley {
namespace {

// Sixteen bytes at once: every 64-bit machine has registers of that size, and both compilers know
// vector types.
using Block = std::uint64_t __attribute__((vector_size(16)));

}  // namespace

void copy_masked(std::uint8_t* to, Bytes from, MaskKey key, std::size_t offset) {
  std::uint8_t pattern[sizeof(Block)];
  for (std::size_t i = 0; i < sizeof pattern; ++i) pattern[i] = key[(offset + i) % key.size()];

  Block mask;
  std::memcpy(&mask, pattern, sizeof mask);
  const std::uint8_t* source = from.data();
  std::size_t left = from.size();
  for (; left >= 4 * sizeof(Block); left -= 4 * sizeof(Block)) {
    Block blocks[4];
    std::memcpy(blocks, source, sizeof blocks);
    for (Block& block : blocks) block ^= mask;
    std::memcpy(to, blocks, sizeof blocks);
    source += sizeof blocks;
    to += sizeof blocks;
  }
  for (; left >= sizeof(Block); left -= sizeof(Block)) {
    Block block;
    std::memcpy(&block, source, sizeof block);
    block ^= mask;
    std::memcpy(to, &block, sizeof block);
    source += sizeof block;
    to += sizeof block;
  }
  for (std::size_t i = 0; i < left; ++i) to[i] = static_cast<std::uint8_t>(source[i] ^ pattern[i]);
}

}  // namespace parley
