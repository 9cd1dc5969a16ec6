#pragma once
// Census: how many sessions the process has, over all shards.

#include <cstddef>
#include <vector>

#include "chat/shard_stats.h"

namespace parley {

/// Sums the shards' gauges. Any thread; a sum may be a moment old.
class Census {
 public:
  /// Before threads start.
  void add(const ShardStats& stats) { shards_.push_back(&stats); }

  [[nodiscard]] std::size_t sessions() const { return sum(&ShardStats::sessions); }
  [[nodiscard]] std::size_t connections() const { return sum(&ShardStats::connections); }

 private:
  [[nodiscard]] std::size_t sum(Cell ShardStats::* gauge) const {
    std::size_t total = 0;
    for (const ShardStats* const stats : shards_) total += (stats->*gauge).read();
    return total;
  }

  std::vector<const ShardStats*> shards_;
};

}  // namespace parley
