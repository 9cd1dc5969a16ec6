#pragma once
// CongestionTracker: when a sender is told that a receiver loses his packets.

#include <cstddef>
#include <unordered_map>

#include "base/ids.h"
#include "base/time.h"

namespace parley {

inline constexpr int congestion_drops = 5;
inline constexpr Duration congestion_window = 1s;
inline constexpr Duration congestion_spacing = 1s;
/// Senders remembered at most; one more than this is not counted until old ones are forgotten.
inline constexpr std::size_t congestion_senders_max = 1024;

/// Counts the packets one receiver loses, by sender: five within a second are worth a notice, at
/// most one a second to each sender.
class CongestionTracker {
 public:
  /// True if `sender` should be told now.
  [[nodiscard]] bool on_drop(SessionId sender, TimePoint now);

  [[nodiscard]] std::size_t senders() const { return senders_.size(); }

 private:
  struct Record {
    TimePoint window_start;
    int drops = 0;
    TimePoint told_at;
    bool told = false;
  };
  void forget_stale(TimePoint now);

  std::unordered_map<SessionId, Record> senders_;
  int drops_since_cleaning_ = 0;
};

}  // namespace parley
