#pragma once
// WebTransport's cells, with the names under which operators find them.

#include <vector>

#include "quic/quic_stats.h"
#include "stats/metrics.h"
#include "webtransport/wt_stats.h"

namespace parley {

/// Of one shard, in the same order for each.
[[nodiscard]] std::vector<NamedCell> webtransport_cells(const QuicStats& quic, const WtStats& wt);

}  // namespace parley
