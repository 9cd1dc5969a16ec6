#pragma once
// The bus's cells, with the names under which operators find them.

#include <vector>

#include "bus/nats_bus.h"
#include "stats/metrics.h"

namespace parley {

[[nodiscard]] std::vector<NamedCell> bus_cells(const NatsBusStats& bus);

}  // namespace parley
