#include "chat/congestion_tracker.h"

namespace parley {
namespace {

constexpr int drops_between_cleanings = 100;
constexpr Duration stale_after = 10s;

}  // namespace

bool CongestionTracker::on_drop(SessionId sender, TimePoint now) {
  if (!sender) return false;
  if (++drops_since_cleaning_ >= drops_between_cleanings) forget_stale(now);
  if (senders_.size() >= congestion_senders_max && !senders_.contains(sender)) return false;

  auto [place, is_new] = senders_.try_emplace(sender);
  Record& record = place->second;
  if (is_new || now - record.window_start > congestion_window) {
    record.window_start = now;
    record.drops = 0;
  }
  if (++record.drops < congestion_drops) return false;
  record.drops = 0;
  if (record.told && now - record.told_at < congestion_spacing) return false;
  record.told = true;
  record.told_at = now;
  return true;
}

void CongestionTracker::forget_stale(TimePoint now) {
  drops_since_cleaning_ = 0;
  std::erase_if(senders_,
                [now](const auto& entry) { return now - entry.second.window_start > stale_after; });
}

}  // namespace parley
