#include "server/entrance.h"

#include <string>

namespace parley {

Result<LobbyEntry, Refusal> Entrance::admit(std::string_view target, UnixMillis now) {
  auto entry = read_lobby(target, lobby_, now);
  if (!entry) {
    refusals_.count(entry.error().reason);
    return entry;
  }
  if (health_.draining())
    return tl::unexpected(refuse(503, "The server is shutting down", "draining"));
  if (census_.sessions() >= sessions_max_)
    return tl::unexpected(refuse(503, "The server is full", "sessions_max"));
  return entry;
}

Refusal Entrance::refuse(int status, std::string_view body, std::string_view reason) {
  refusals_.count(reason);
  return {status, std::string(body), reason};
}

}  // namespace parley
