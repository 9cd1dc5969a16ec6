// Tokens from strangers: whatever comes, the reader answers, and it lets nobody in whose token we
// did not sign.

#include <string_view>

#include "auth/room_token.h"
#include "base/bytes.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  // The corpus holds good tokens of this secret, so that what lies behind the signature is reached.
  static const TokenRules rules{.secret = "the secret of the fuzz corpus, 32+ bytes"};
  constexpr UnixMillis now{1'770'000'000'000};
  const std::string_view token = as_text({data, size});

  const auto identity = read_room_token(token, rules, now);
  if (identity) {
    check(is_plain_id(identity->room.value), "a token opened a room with a strange name");
    check(!identity->user_id.empty() && identity->user_id.size() <= id_bytes_max,
          "a token made a user without a proper name");
  } else {
    check(identity.error().status == 401 || identity.error().status == 403,
          "a token was refused with a strange status");
  }

  // What a claim says is shown as it is, so the same bytes also go in as a name.
  const RoomTokenClaims claims{.user_id = std::string(token.substr(0, token.find('\0'))),
                               .room = "kitchen",
                               .display_name = "name",
                               .expires_at = 1'770'000'600};
  if (const auto made = make_room_token(claims, rules)) {
    const auto read = read_room_token(*made, rules, now);
    if (read) check(read->user_id == claims.user_id, "a token changed its user's name");
  }
  (void)inspect_room_token(token, rules, now);
  return 0;
}
