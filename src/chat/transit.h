#pragma once
// Transit: what one connection has on its way to other shards.

#include <atomic>
#include <cstddef>

namespace parley {

/// Counts bytes up where they leave and down where they arrive. A sender with more than `bytes_max`
/// on the way pauses, so that a flood costs its sender time and fills no mailbox. Any thread.
class Transit {
 public:
  static constexpr std::size_t bytes_max = 128 * 1024;
  /// What a packet costs beside its bytes: its place in a mailbox, which may be twice as long as it
  /// is full, and its buffer's own keeping.
  static constexpr std::size_t packet_bytes = 256;

  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  /// A packet leaves.
  void depart(std::size_t bytes) { bytes_ += bytes + packet_bytes; }
  /// The packet that was to leave has been refused.
  void cancel(std::size_t bytes) { bytes_ -= bytes + packet_bytes; }
  /// True if the sender is to pause: it is then told to go on by whoever gets true from arrive().
  [[nodiscard]] bool pause() {
    if (bytes() <= bytes_max) return false;
    paused_ = true;
    // What arrived meanwhile may not have seen the pause.
    return bytes_ > go_on_bytes || !paused_.exchange(false);
  }
  /// A packet has arrived. True if its sender is to be told to go on.
  [[nodiscard]] bool arrive(std::size_t bytes) {
    const std::size_t left = bytes_ -= bytes + packet_bytes;
    return left <= go_on_bytes && paused_ && paused_.exchange(false);
  }

 private:
  static constexpr std::size_t go_on_bytes = bytes_max / 2;

  std::atomic<std::size_t> bytes_{0};
  std::atomic<bool> paused_{false};
};

}  // namespace parley
