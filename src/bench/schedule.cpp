#include "bench/schedule.h"

#include <utility>

#include "base/check.h"

namespace parley::bench {

Duration spread_phase(double rate, std::size_t index, std::size_t count) {
  return Duration(static_cast<std::int64_t>(1e9 / rate * static_cast<double>(index) /
                                            static_cast<double>(count)));
}

Schedule::Schedule(std::vector<Cadence> cadences) : cadences_(std::move(cadences)) {
  check(!cadences_.empty(), "a schedule without streams");
  for (std::size_t i = 0; i < cadences_.size(); ++i) queue_.push({cadences_[i].due(0), {i, 0}});
}

std::optional<DuePacket> Schedule::take(Duration elapsed) {
  if (next_due() > elapsed) return {};
  const DuePacket packet = queue_.top().packet;
  queue_.pop();
  const std::uint64_t next = packet.number + 1;
  queue_.push({cadences_[packet.stream].due(next), {packet.stream, next}});
  return packet;
}

}  // namespace parley::bench
