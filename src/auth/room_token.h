#pragma once
// Room tokens: signed statements "this user may enter that room" (JWT, HS256, one shared secret),
// as the meeting API of a deployment issues them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/refusal.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace parley {

/// What a token must satisfy. The algorithm is not among it: it is HS256, whatever a token's header
/// says.
struct TokenRules {
  std::string secret;
  std::string issuer = "videocall-meeting-backend";
  /// How far past its `exp` a token still passes, because clocks differ.
  std::chrono::seconds leeway{60};
};

/// The longest token that is looked at.
inline constexpr std::size_t token_bytes_max = 8 * 1024;

/// Who a token speaks of, or why it does not count. The checks come in the order that the clients
/// of the original know: secret missing (500), not ours (403), expired (401), room (403), neither
/// `room_join` nor `observer` (403).
[[nodiscard]] Result<Identity, Refusal> read_room_token(std::string_view token,
                                                        const TokenRules& rules, UnixMillis now);

/// What a new token says.
struct RoomTokenClaims {
  std::string user_id;
  std::string room;
  std::string display_name;
  bool may_join = true;
  bool is_host = false;
  bool observer = false;
  /// Seconds since 1970.
  std::int64_t expires_at = 0;
};

/// A signed token. Empty claims are signed as they are; read_room_token() says what it thinks of
/// them. Fails only without a secret.
[[nodiscard]] Result<std::string> make_room_token(const RoomTokenClaims& claims,
                                                  const TokenRules& rules);

/// What is inside a token, for the person who debugs one. Nothing here has been believed.
struct TokenReport {
  std::string header;  ///< JSON, or empty when it cannot be decoded
  std::string claims;  ///< JSON, or empty when it cannot be decoded
  Result<Identity, Refusal> verdict;
};

[[nodiscard]] TokenReport inspect_room_token(std::string_view token, const TokenRules& rules,
                                             UnixMillis now);

}  // namespace parley
