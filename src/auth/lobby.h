#pragma once
// The lobby: reads who wants to enter which room from the target of a request, on either endpoint
// (`/lobby?token=…` and `/lobby/<user>/<room>`) and whatever the transport.

#include <optional>
#include <string_view>

#include "auth/refusal.h"
#include "auth/room_token.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace parley {

struct LobbyRules {
  TokenRules token;
  /// `/lobby/<user>/<room>` believes everybody; false answers it with 410.
  bool path_endpoint_open = true;
};

struct LobbyEntry {
  Identity identity;
  /// From `resume=<32 hex digits>`: which session this connection continues, if it exists.
  std::optional<ResumeKey> resume;
};

/// True when the path of `target` is `/lobby` or lies below it.
[[nodiscard]] bool is_lobby(std::string_view target);

/// Who enters, or why not. `target` is the request target as it came (path and query, encoded).
[[nodiscard]] Result<LobbyEntry, Refusal> read_lobby(std::string_view target,
                                                     const LobbyRules& rules, UnixMillis now);

}  // namespace parley
