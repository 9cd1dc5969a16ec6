#pragma once
// KeyframeLimiter: how many keyframe requests one session may send.

#include "base/time.h"

namespace parley {

inline constexpr int keyframe_requests_per_window = 2;
inline constexpr Duration keyframe_window = 1s;

/// Lets two requests through in each window of a second. A keyframe costs its sender as much as
/// eighty ordinary frames; a client that asks without pause could starve a whole room.
class KeyframeLimiter {
 public:
  /// True if a request arriving at `now` may pass. `now` never goes back.
  [[nodiscard]] bool allow(TimePoint now) {
    if (now - window_start_ > keyframe_window) {
      window_start_ = now;
      passed_ = 0;
    }
    if (passed_ == keyframe_requests_per_window) return false;
    ++passed_;
    return true;
  }

 private:
  TimePoint window_start_{};
  int passed_ = 0;
};

}  // namespace parley
