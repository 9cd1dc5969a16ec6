#include "bench/link.h"

#include <algorithm>

namespace parley::bench {
namespace {

constexpr Duration repair_min = 10ms;

}  // namespace

TimePoint LinkWay::leave(TimePoint now, std::size_t bytes) {
  if (plan_.bits_per_second <= 0) return now;
  const double seconds = static_cast<double>(bytes) * 8 / plan_.bits_per_second;
  free_at_ = std::max(free_at_, now) + Duration(static_cast<std::int64_t>(seconds * 1e9));
  return free_at_;
}

std::optional<TimePoint> LinkWay::pass_datagram(TimePoint now, std::size_t bytes) {
  if (free_at_ - now > queue_max) return {};
  const TimePoint left = leave(now, bytes);
  // Lost on the way: it took its time to leave all the same.
  if (std::bernoulli_distribution(plan_.loss)(random_)) return {};
  return left + plan_.delay;
}

TimePoint LinkWay::pass_stream(TimePoint now, std::size_t bytes) {
  const TimePoint left = leave(now, bytes);
  TimePoint due = std::max(left + plan_.delay, stalled_until_);
  if (std::bernoulli_distribution(plan_.loss)(random_)) {
    due += std::max(2 * plan_.delay, repair_min);
    stalled_until_ = due;
  }
  return due;
}

}  // namespace parley::bench
