#pragma once
// GatheredMessage: a packet while it comes in, in pieces and of unknown length.

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "wire/packet.h"

namespace parley {

/// Pieces go straight to where the packet will be relayed from: `packet_headroom` zero bytes in
/// front, room for a stamp behind. One that comes whole is copied once; one in many pieces grows by
/// doubling, so that each byte moves at most once more, on average.
class GatheredMessage {
 public:
  /// `is_last`: nothing follows, so make no room for it.
  void append(Bytes piece, bool is_last, std::size_t message_bytes_max) {
    if (piece.empty() && !is_last) return;
    reserve(piece.size(), is_last, message_bytes_max);
    builder_.append(piece);
  }

  /// Of the packet alone.
  [[nodiscard]] std::size_t size() const {
    return builder_.size() == 0 ? 0 : builder_.size() - packet_headroom;
  }
  [[nodiscard]] Bytes written() {
    return builder_.size() == 0 ? Bytes{} : Bytes(builder_.written()).subspan(packet_headroom);
  }
  [[nodiscard]] BufferBuilder take() { return std::move(builder_); }

 private:
  void reserve(std::size_t more, bool is_last, std::size_t message_bytes_max) {
    const std::size_t used = std::max(builder_.size(), packet_headroom);
    const std::size_t needed = used + more + packet_stamp_bytes_max;
    if (needed <= builder_.size() + builder_.room()) return;
    const std::size_t largest = packet_headroom + message_bytes_max + packet_stamp_bytes_max;
    const std::size_t capacity = is_last ? needed : std::max(needed, std::min(2 * needed, largest));

    const bool is_new = builder_.size() == 0;
    builder_.grow_to(capacity);
    if (is_new) std::ranges::fill(builder_.extend(packet_headroom), std::uint8_t{0});
  }

  BufferBuilder builder_;
};

}  // namespace parley
