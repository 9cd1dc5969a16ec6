#include "stats/refusal_counts.h"

#include <algorithm>

namespace parley {

void RefusalCounts::count(std::string_view reason) {
  const auto found = std::find(reasons.begin(), reasons.end(), reason);
  const bool known = found != reasons.end();
  cells_[known ? static_cast<std::size_t>(found - reasons.begin()) : reasons.size() - 1].add();
}

}  // namespace parley
