#pragma once
// What a shard's HealthProcessor counts, as series of /metrics.

#include <vector>

#include "chat/health_processor.h"
#include "stats/metrics.h"

namespace parley {

/// One series for each outcome; `health` must outlive the Metrics they are added to.
[[nodiscard]] std::vector<NamedCell> health_cells(const HealthProcessor& health);

}  // namespace parley
