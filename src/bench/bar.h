#pragma once
// Bars: what the default shapes must reach, and whether they do (docs/PERFORMANCE.md).

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "bench/churn_load.h"
#include "bench/idle_load.h"
#include "bench/room_load.h"
#include "bench/shape.h"

namespace parley::bench {

/// One thing that was to be reached.
struct Criterion {
  /// "p99 ≤ 3 ms (1.2 ms)".
  std::string sentence;
  bool holds = false;
};

/// The criteria of a run of a default shape with its own parameters; none for any other shape, nor
/// for mixed transports, and none without the figures they need. `floor` is the machine's (see
/// floor.h).
std::vector<Criterion> judge_rooms(const Shape& shape, const Tally& total,
                                   std::optional<double> micros_per_delivery, Duration floor);
std::vector<Criterion> judge_idle(const Shape& shape, const IdleResult& result);

/// What a stalled receiver may cost: phases are before, stall, after.
std::vector<Criterion> judge_stall(const StallResult& stall, const Tally& before,
                                   const Tally& during);
std::vector<Criterion> judge_churn(const ChurnResult& result);

bool all_hold(const std::vector<Criterion>& criteria);

}  // namespace parley::bench
