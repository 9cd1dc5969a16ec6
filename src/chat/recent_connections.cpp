#include "chat/recent_connections.h"

#include <algorithm>
#include <functional>

namespace parley {
namespace {

constexpr int second_bits = 24;  // half a year, then they begin again
constexpr std::uint64_t second_mask = (std::uint64_t{1} << second_bits) - 1;

std::uint64_t second_of(TimePoint now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  return static_cast<std::uint64_t>(seconds.count()) & second_mask;
}

/// Seconds between the end noted in `place` and `now`.
std::uint64_t age_of(std::uint64_t place, TimePoint now) {
  return (second_of(now) - place) & second_mask;
}

}  // namespace

RecentConnections::RecentConnections() : sets_(std::make_unique<Set[]>(sets)) {}

RecentConnections::Key RecentConnections::key_of(std::string_view meeting, std::string_view user) {
  const std::hash<std::string_view> hash;
  // The constant keeps (a, b) and (b, a) apart.
  const std::uint64_t both = hash(meeting) * 0x9e3779b97f4a7c15 ^ hash(user);
  return {both % sets, both >> second_bits | 1};
}

void RecentConnections::ended(std::string_view meeting, std::string_view user, TimePoint now) {
  const Key key = key_of(meeting, user);
  const auto how_old = [&](const Place& place) {
    const std::uint64_t value = place.load(std::memory_order_relaxed);
    if (value >> second_bits == key.fingerprint) return second_mask + 2;  // his own place first
    return value == 0 ? second_mask + 1 : age_of(value, now);
  };
  Place& place = *std::ranges::max_element(sets_[key.set], {}, how_old);
  place.store(key.fingerprint << second_bits | second_of(now), std::memory_order_relaxed);
}

bool RecentConnections::contains(std::string_view meeting, std::string_view user,
                                 TimePoint now) const {
  constexpr auto memory =
      static_cast<std::uint64_t>(std::chrono::seconds(reconnection_memory / 1s).count());
  const Key key = key_of(meeting, user);
  for (const Place& place : sets_[key.set]) {
    const std::uint64_t value = place.load(std::memory_order_relaxed);
    if (value >> second_bits == key.fingerprint && age_of(value, now) <= memory) return true;
  }
  return false;
}

}  // namespace parley
