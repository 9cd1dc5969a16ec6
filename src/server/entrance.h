#pragma once
// Entrance: who may join now, whichever way he came.

#include <cstddef>
#include <string_view>

#include "auth/lobby.h"
#include "server/census.h"
#include "server/health.h"
#include "stats/refusal_counts.h"

namespace parley {

/// One per shard. Asks the lobby, and turns away whom the process has no place for.
class Entrance {
 public:
  Entrance(const LobbyRules& lobby, const std::size_t& sessions_max, const Health& health,
           const Census& census, RefusalCounts& refusals)
      : lobby_(lobby),
        sessions_max_(sessions_max),
        health_(health),
        census_(census),
        refusals_(refusals) {}

  /// Who enters by this request target, or why not; that is counted.
  [[nodiscard]] Result<LobbyEntry, Refusal> admit(std::string_view target, UnixMillis now);
  /// Counts one who was turned away.
  Refusal refuse(int status, std::string_view body, std::string_view reason);

 private:
  const LobbyRules& lobby_;
  const std::size_t& sessions_max_;
  const Health& health_;
  const Census& census_;
  RefusalCounts& refusals_;
};

}  // namespace parley
