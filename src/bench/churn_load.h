#pragma once
// ChurnLoad: participants who come, say one thing and go, many a minute, and what they leave
// behind.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/latency.h"
#include "bench/link.h"
#include "bench/progress.h"
#include "bench/target.h"
#include "bench/transport.h"

namespace parley::bench {

struct ChurnPlan {
  double per_minute = 10'000;
  Millis duration = 180s;
  /// The same churn before the first look at the server, so that its memory has its usual size.
  Millis warmup = 20s;
  int rooms = 50;
  Transports transports = Transports::websocket;
  LinkPlan link;
  std::vector<pid_t> pids;
};

/// What a server holds at one moment.
struct Holdings {
  std::optional<std::int64_t> resident;
  std::optional<int> descriptors;
};

struct ChurnResult {
  std::uint64_t begun = 0;
  /// Joined, spoke, said goodbye and were answered.
  std::uint64_t completed = 0;
  std::map<std::string, int> failures;
  /// From the beginning of the connection to the relay's greeting.
  Latency join;
  Duration wall{};
  std::optional<Duration> cpu;
  Holdings before;
  Holdings after;
  bool is_interrupted = false;
};

Result<ChurnResult> run_churn_load(const ChurnPlan& plan, const Target& target, Progress& progress);

}  // namespace parley::bench
