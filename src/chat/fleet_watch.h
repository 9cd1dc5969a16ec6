#pragma once
// FleetWatch: which other servers live.

#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "wire/fleet_message.h"

namespace parley {

/// How often a server says that it lives, and after how much silence it counts as dead.
inline constexpr Duration alive_period = 3s;
inline constexpr Duration server_silence_max = 9s;

class FleetWatch {
 public:
  /// False if it is not watched because there are fleet_servers_max already: whoever can publish on
  /// the bus can pretend to be many.
  bool heard(InstanceId server, TimePoint now) {
    const auto known = heard_at_.find(server.value);
    if (known == heard_at_.end() && heard_at_.size() >= fleet_servers_max) return false;
    heard_at_[server.value] = now;
    return true;
  }

  /// Forgets those from which nothing came for too long, and names them.
  std::vector<InstanceId> take_silent(TimePoint now) {
    std::vector<InstanceId> silent;
    std::erase_if(heard_at_, [&](const auto& server) {
      const bool is_silent = server.second + server_silence_max <= now;
      if (is_silent) silent.push_back({server.first});
      return is_silent;
    });
    return silent;
  }

  [[nodiscard]] std::size_t size() const { return heard_at_.size(); }

 private:
  std::unordered_map<std::uint64_t, TimePoint> heard_at_;
};

}  // namespace parley
