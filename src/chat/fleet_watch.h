#pragma once
// FleetWatch: which other servers live, and when they are asked anew what they have.

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "wire/fleet_message.h"

namespace parley {

/// After how much silence a server counts as dead; it says at least every alive_period that it
/// lives.
inline constexpr Duration server_silence_max = 9s;
/// All are asked for their rosters at most so often, and who is heard again within this time has
/// been asked with the rest.
inline constexpr Duration inquiry_period = 1s;

/// What a server is that was heard.
enum class Heard : std::uint8_t {
  alive,
  back,          ///< it was silent, and asks us or has been asked by us
  back_unasked,  ///< it was silent: each has taken the other for dead, and its members for gone
  /// Not watched because there are fleet_servers_max already: whoever can publish on the bus can
  /// pretend to be many.
  unwatched,
};

class FleetWatch {
 public:
  /// It has said something about a room.
  Heard heard(InstanceId server, TimePoint now) {
    const auto known = heard_at_.find(server.value);
    if (known == heard_at_.end() && heard_at_.size() >= fleet_servers_max) return Heard::unwatched;
    heard_at_[server.value] = now;
    return Heard::alive;
  }
  /// It has said that it lives, and perhaps `asks` who else does. Whether it is to be asked anew is
  /// decided now and not before: who reaches NATS again asks, and then asks in the rooms, too.
  Heard heard_alive(InstanceId server, bool asks, TimePoint now) {
    if (heard(server, now) == Heard::unwatched) return Heard::unwatched;
    if (std::erase(silent_, server) == 0) return Heard::alive;
    return asks || has_just_asked(now) ? Heard::back : Heard::back_unasked;
  }

  /// All that can be heard are asked for their rosters.
  void ask(TimePoint now) { asked_at_ = now; }
  [[nodiscard]] bool has_just_asked(TimePoint now) const {
    return asked_at_ && now < *asked_at_ + inquiry_period;
  }

  /// Forgets those from which nothing came for too long, and names them.
  std::vector<InstanceId> take_silent(TimePoint now) {
    std::vector<InstanceId> silent;
    std::erase_if(heard_at_, [&](const auto& server) {
      const bool is_silent = server.second + server_silence_max <= now;
      if (is_silent) silent.push_back({server.first});
      return is_silent;
    });
    for (const InstanceId server : silent) {
      std::erase(silent_, server);
      silent_.push_back(server);
    }
    while (silent_.size() > fleet_servers_max) silent_.pop_front();
    return silent;
  }

  [[nodiscard]] std::size_t size() const { return heard_at_.size(); }

 private:
  std::unordered_map<std::uint64_t, TimePoint> heard_at_;
  /// At most fleet_servers_max; who has been silent longest is forgotten first.
  std::deque<InstanceId> silent_;
  std::optional<TimePoint> asked_at_;
};

}  // namespace parley
