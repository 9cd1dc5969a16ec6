#pragma once
// Metrics: what the process counts, in the text form that Prometheus reads.

#include <string>
#include <string_view>
#include <vector>

#include "chat/shard_stats.h"
#include "stats/refusal_counts.h"

namespace parley {

/// Labels of `parley_build_info`.
struct BuildInfo {
  std::string version;
  std::string git_sha;
};

/// The `Content-Type` of render().
inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Sums the cells of all shards when somebody asks. Every series that can occur is there from the
/// start, at zero.
class Metrics {
 public:
  explicit Metrics(BuildInfo build);

  /// Adds one shard's counters; they must outlive this. Before the first render().
  void add(const ShardStats& stats, const RefusalCounts& refusals);

  /// All series. Any thread.
  [[nodiscard]] std::string render() const;

 private:
  BuildInfo build_;
  std::vector<const ShardStats*> shards_;
  std::vector<const RefusalCounts*> refusals_;
};

}  // namespace parley
