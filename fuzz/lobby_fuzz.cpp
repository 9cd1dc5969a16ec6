// Request targets from strangers: whatever comes, the lobby answers, and lets in proper ids only.

#include <string_view>

#include "auth/lobby.h"
#include "base/bytes.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace parley;
  static const LobbyRules open_rules{
      .token = {.secret = "the secret of the fuzz corpus, 32+ bytes"}, .path_endpoint_open = true};
  static const LobbyRules closed_rules{.token = {.secret = ""}, .path_endpoint_open = false};
  constexpr UnixMillis now{1'770'000'000'000};
  const std::string_view target = as_text({data, size});

  const auto entry = read_lobby(target, open_rules, now);
  if (entry) {
    check(is_lobby(target), "somebody entered by another door");
    check(is_plain_id(entry->identity.room.value), "a room with a strange name was entered");
    check(!entry->identity.user_id.empty(), "somebody without a name entered");
  } else {
    check(
        entry.error().status >= 400 && entry.error().status < 500 && !entry.error().reason.empty(),
        "a refusal does not say why");
  }
  check(!read_lobby(target, closed_rules, now), "somebody entered a closed lobby");
  return 0;
}
