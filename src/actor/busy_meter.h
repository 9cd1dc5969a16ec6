#pragma once
// BusyMeter: how much of its time a loop works.

#include "base/time.h"

namespace parley {

/// Told of each turn of a loop. On the loop's thread.
class BusyMeter {
 public:
  /// A figure is of so long, mixed with those before.
  static constexpr Duration period = 50ms;

  /// A turn that worked from `begun` to `ended`.
  void add(TimePoint begun, TimePoint ended) {
    worked_ += ended - begun;
    const Duration passed = ended - since_;
    if (passed < period) return;
    using Seconds = std::chrono::duration<double>;
    share_ = (share_ + Seconds(worked_) / Seconds(passed)) / 2;
    worked_ = {};
    since_ = ended;
  }
  /// 0 of a loop that only sleeps, 1 of one that never does.
  [[nodiscard]] double share() const { return share_; }

 private:
  double share_ = 0;
  Duration worked_{};
  TimePoint since_{};
};

}  // namespace parley
