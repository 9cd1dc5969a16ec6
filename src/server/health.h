#pragma once
// Health: what the process says of itself while it starts, runs and drains.

#include <atomic>
#include <cstdint>

namespace parley {

/// Shared by all shards. Written by the main thread, and read when somebody asks.
class Health {
 public:
  enum class Phase : std::uint8_t { starting, ready, draining };

  void set(Phase phase) { phase_.store(phase, std::memory_order_relaxed); }
  [[nodiscard]] Phase phase() const { return phase_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool draining() const { return phase() == Phase::draining; }

 private:
  std::atomic<Phase> phase_{Phase::starting};
};

}  // namespace parley
