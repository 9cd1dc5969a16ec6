#pragma once
// The HTTP upgrade that opens a WebSocket, from the client's side (RFC 6455 §4.1).

#include <cstddef>
#include <string>
#include <string_view>

#include "bench/target.h"

namespace parley::bench {

/// The request of one connection.
std::string upgrade_request(const Endpoint& endpoint, std::string_view path);

enum class UpgradeState { incomplete, accepted, refused };

/// What `response` means so far.
struct UpgradeAnswer {
  UpgradeState state = UpgradeState::incomplete;
  /// accepted: where the frames begin.
  std::size_t header_bytes = 0;
  /// refused: status line and body in one line.
  std::string reason;
};

/// Reads what has come of the response; `is_all` says that no more will come.
UpgradeAnswer read_upgrade_answer(std::string_view response, bool is_all);

}  // namespace parley::bench
