#pragma once
// IdleLoad: sessions that only exist: what they cost to let in, to keep in memory, and to watch
// over.

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/progress.h"
#include "bench/shape.h"
#include "bench/target.h"

namespace parley::bench {

struct IdleResult {
  int sessions = 0;
  /// Wall time in which all joined, and processor time of the server for it.
  Duration join_wall{};
  std::optional<Duration> join_cpu;
  /// Resident memory of the server that each session added. What the kernel holds for a socket is
  /// not in it.
  std::optional<double> bytes_per_session;
  /// Processor time of the server per session and second: in the first three seconds, before a
  /// relay asks who is still there, and from then on.
  std::optional<Duration> cpu_quiet;
  std::optional<Duration> cpu_pinged;
  std::map<std::string, int> lost_connections;
  bool is_interrupted = false;

  [[nodiscard]] std::optional<double> joins_per_core_second() const;
};

/// Two sessions to a room; takes `shape.duration` and about four seconds.
Result<IdleResult> run_idle_load(const Shape& shape, const std::vector<pid_t>& pids,
                                 const Target& target, Progress& progress);

}  // namespace parley::bench
