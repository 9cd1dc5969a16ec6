#pragma once
// RecentConnections: who was here a moment ago, so that his next connection is known for what it
// is.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/time.h"

namespace parley {

/// How long somebody who has left a room may come back and count as reconnecting.
inline constexpr Duration reconnection_memory = 5min;

/// The ends of connections by meeting and user. One for the process; any thread, without a lock,
/// because a client that comes back may land on another shard. Half a MiB, whatever happens: a
/// fingerprint of 40 bits and a second in each of 65 536 places, four to choose from for each user;
/// where all four are taken the oldest end is forgotten.
class RecentConnections {
 public:
  RecentConnections();

  void ended(std::string_view meeting, std::string_view user, TimePoint now);
  /// Whether a connection of this user to this meeting ended within reconnection_memory.
  [[nodiscard]] bool contains(std::string_view meeting, std::string_view user, TimePoint now) const;

 private:
  static constexpr std::size_t sets = 16'384;
  static constexpr std::size_t ways = 4;
  using Place = std::atomic<std::uint64_t>;  ///< fingerprint above, second below; 0 is empty
  using Set = std::array<Place, ways>;

  struct Key {
    std::size_t set;
    std::uint64_t fingerprint;
  };
  [[nodiscard]] static Key key_of(std::string_view meeting, std::string_view user);

  std::unique_ptr<Set[]> sets_;
};

}  // namespace parley
