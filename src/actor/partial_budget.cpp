#include "actor/partial_budget.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace parley {

PartialBudget::PartialBudget(const Rules& rules, ShardStats& stats)
    : time_(rules.time),
      shared_bytes_max_(std::max(rules.bytes_max, rules.message_bytes_max) -
                        rules.message_bytes_max),
      stats_(stats) {}

Duration PartialBudget::time_for(std::size_t bytes) const {
  constexpr std::int64_t bytes_per_time = 640 * 1024;
  return time_ + time_ * static_cast<std::int64_t>(bytes) / bytes_per_time;
}

bool PartialBudget::give(Share& share, std::size_t bytes) {
  if (right_of_way_ != &share) {
    const std::size_t more = bytes - share.bytes_;
    if (more <= shared_bytes_max_ - shared_bytes_) {
      shared_bytes_ += more;
    } else if (right_of_way_ == nullptr) {
      // What it holds moves to where it can grow, and leaves its room to the others.
      right_of_way_ = &share;
      shared_bytes_ -= share.bytes_;
    } else {
      return false;
    }
  }
  stats_.partial_bytes.add(bytes - share.bytes_);
  share.bytes_ = bytes;
  return true;
}

// Whoever waits does so because another has the right of way, and that one never waits.
void PartialBudget::give_to_waiting() {
  while (!waiting_.empty()) {
    const auto next = waiting_.begin();
    Share& share = *next->second;
    if (!give(share, next->first)) return;
    waiting_.erase(next);
    share.waits_ = false;
    share.owner_.on_room();
  }
}

bool PartialBudget::Share::ask(std::size_t bytes) {
  if (waits_) return false;
  if (bytes <= bytes_ || budget_.give(*this, bytes)) return true;
  budget_.stats_.partial_waits.add();
  place_ = budget_.waiting_.emplace(bytes, this);
  waits_ = true;
  return false;
}

void PartialBudget::Share::give_back() {
  if (std::exchange(waits_, false)) budget_.waiting_.erase(place_);
  const std::size_t bytes = std::exchange(bytes_, 0);
  if (bytes == 0) return;
  budget_.stats_.partial_bytes.subtract(bytes);
  if (budget_.right_of_way_ == this)
    budget_.right_of_way_ = nullptr;
  else
    budget_.shared_bytes_ -= bytes;
  budget_.give_to_waiting();
}

}  // namespace parley
