#pragma once
// flush_hold: how long what is not urgent waits for more, so that they are sent together.

#include <algorithm>

#include "base/time.h"

namespace parley {

/// While a shard has time to spare, nothing waits; from `busy_from` on more and more, and from
/// `busy_full` on the whole of `hold_max`. `busy`: Shard::busy().
inline Duration flush_hold(double busy, Duration hold_max) {
  constexpr double busy_from = 0.2;
  constexpr double busy_full = 0.4;
  const double share = std::clamp((busy - busy_from) / (busy_full - busy_from), 0.0, 1.0);
  return std::chrono::duration_cast<Duration>(hold_max * share);
}

}  // namespace parley
