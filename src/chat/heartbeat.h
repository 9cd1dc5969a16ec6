#pragma once
// Heartbeat: when a server says that it lives.

#include <algorithm>
#include <optional>
#include <utility>

#include "base/time.h"
#include "wire/fleet_message.h"

namespace parley {

/// How often a server says that it lives, at least.
inline constexpr Duration alive_period = 3s;
/// Who asks is answered at once, but all who ask within this time with one word: a fleet that
/// starts together says little more than one that lives, and who asks without end is not obeyed
/// without end.
inline constexpr Duration alive_answer_period = 250ms;

class Heartbeat {
 public:
  /// The others can be reached (again): they hear of it at once, and are asked who they are.
  void begin(TimePoint now) {
    due_ = now;
    is_question_ = true;
  }

  /// Another server has come and asks who is there. True if due() is earlier now.
  bool asked(TimePoint now) {
    const TimePoint answer = std::max(now, said_at_ + alive_answer_period);
    if (answer >= due_) return false;
    due_ = answer;
    return true;
  }

  /// When something is to be said; `never` before begin().
  [[nodiscard]] TimePoint due() const { return due_; }
  /// What is to be said now, if anything.
  std::optional<fleet::Alive> take(TimePoint now) {
    if (now < due_) return std::nullopt;
    said_at_ = now;
    due_ = now + alive_period;
    return fleet::Alive{std::exchange(is_question_, false)};
  }

 private:
  TimePoint due_ = never;
  TimePoint said_at_{};
  bool is_question_ = false;
};

}  // namespace parley
