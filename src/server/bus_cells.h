#pragma once
// The bus's cells, with the names under which operators find them.

#include <vector>

#include "bus/nats_bus.h"
#include "chat/health_processor.h"
#include "stats/metrics.h"

namespace parley {

[[nodiscard]] std::vector<NamedCell> bus_cells(const NatsBusStats& bus);
/// Of one shard, in the same order for each.
[[nodiscard]] std::vector<NamedCell> health_cells(const HealthProcessor& health);

}  // namespace parley
