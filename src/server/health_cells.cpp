#include "server/health_cells.h"

namespace parley {

std::vector<NamedCell> health_cells(const HealthProcessor& health) {
  std::vector<NamedCell> cells;
  for (std::size_t i = 0; i < health_outcome_count; ++i) {
    const auto outcome = static_cast<HealthOutcome>(i);
    cells.push_back({"parley_health_reports_total", "Health reports by what became of them.",
                     &health.count(outcome), "outcome", name_of(outcome)});
  }
  return cells;
}

}  // namespace parley
