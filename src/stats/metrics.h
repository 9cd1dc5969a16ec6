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

/// A cell that some other part counts in, and where it appears. Cells of one name and one label are
/// summed: each shard has its own.
struct NamedCell {
  std::string_view name;
  std::string_view help;  ///< a sentence
  const Cell* cell;
  std::string_view label{};  ///< its key and value, if it has one
  std::string_view label_value{};
  bool is_gauge = false;
};

/// All cells of one name and label.
struct NamedSeries {
  NamedCell head;
  std::vector<const Cell*> cells;
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

  /// Adds cells, such as those of one shard; they must outlive this, and cells of one name stand
  /// together. Before the first render().
  void add(const std::vector<NamedCell>& cells);

  /// All series. Any thread.
  [[nodiscard]] std::string render() const;

 private:
  BuildInfo build_;
  std::vector<const ShardStats*> shards_;
  std::vector<const RefusalCounts*> refusals_;
  std::vector<NamedSeries> named_;
};

}  // namespace parley
