#pragma once
// FleetWatch: which other servers live.

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "wire/fleet_message.h"

namespace parley {

/// How often a server says that it lives, and after how much silence it counts as dead.
inline constexpr Duration alive_period = 3s;
inline constexpr Duration server_silence_max = 9s;

/// What a server is that was heard.
enum class Heard : std::uint8_t {
  alive,
  back,  ///< it was silent: each has taken the other for dead, and its members for gone
  /// Not watched because there are fleet_servers_max already: whoever can publish on the bus can
  /// pretend to be many.
  unwatched,
};

class FleetWatch {
 public:
  Heard heard(InstanceId server, TimePoint now) {
    const auto known = heard_at_.find(server.value);
    if (known != heard_at_.end()) {
      known->second = now;
      return Heard::alive;
    }
    if (heard_at_.size() >= fleet_servers_max) return Heard::unwatched;
    heard_at_.emplace(server.value, now);
    return std::erase(silent_, server) > 0 ? Heard::back : Heard::alive;
  }

  /// Forgets those from which nothing came for too long, and names them.
  std::vector<InstanceId> take_silent(TimePoint now) {
    std::vector<InstanceId> silent;
    std::erase_if(heard_at_, [&](const auto& server) {
      const bool is_silent = server.second + server_silence_max <= now;
      if (is_silent) silent.push_back({server.first});
      return is_silent;
    });
    silent_.insert(silent_.end(), silent.begin(), silent.end());
    while (silent_.size() > fleet_servers_max) silent_.pop_front();
    return silent;
  }

  [[nodiscard]] std::size_t size() const { return heard_at_.size(); }

 private:
  std::unordered_map<std::uint64_t, TimePoint> heard_at_;
  /// At most fleet_servers_max; who has been silent longest is forgotten first.
  std::deque<InstanceId> silent_;
};

}  // namespace parley
