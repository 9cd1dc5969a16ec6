#pragma once
// Time as the house uses it. Below floor 3 nothing reads a clock: `now` comes in as an argument.

#include <chrono>
#include <cstdint>

namespace parley {

using namespace std::chrono_literals;

/// Monotonic time: for deadlines, ages and rates.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using Millis = std::chrono::milliseconds;

/// "Never": later than any deadline.
inline constexpr TimePoint never = TimePoint::max();

/// Milliseconds since 1970: what goes on the wire.
struct UnixMillis {
  std::uint64_t count = 0;
  friend auto operator<=>(UnixMillis, UnixMillis) = default;
};

/// Both clocks, read together by whoever runs a loop (floor 3 and up, and tests).
struct Now {
  TimePoint monotonic;
  UnixMillis unix;
};

inline TimePoint monotonic_now() { return std::chrono::steady_clock::now(); }

inline UnixMillis unix_now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(since_epoch).count())};
}

}  // namespace parley
