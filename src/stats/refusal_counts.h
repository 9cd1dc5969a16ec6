#pragma once
// RefusalCounts: how many requests and connections one shard turned away, and why.

#include <array>
#include <cstddef>
#include <string_view>

#include "chat/shard_stats.h"

namespace parley {

/// One per shard, one writing thread, read by anybody. The reasons are fixed, so a client cannot
/// make series.
class RefusalCounts {
 public:
  static constexpr auto reasons = std::to_array<std::string_view>({
      // The lobby (auth).
      "no_token",
      "bad_token",
      "expired",
      "denied",
      "misconfigured",
      "bad_id",
      "bad_resume",
      "gone",
      // HTTP.
      "bad_request",
      "request_too_late",
      "headers_too_large",
      "body",
      "not_found",
      "method_not_allowed",
      "bad_upgrade",
      // Its TLS.
      "tls_handshake",
      "plain_http",
      // Limits and life cycle.
      "connections_max",
      "connections_per_address",
      "sessions_max",
      "draining",
      "rejected",
      // Whatever has no name above.
      "other",
  });

  void count(std::string_view reason);
  [[nodiscard]] std::uint64_t read(std::size_t i) const { return cells_[i].read(); }

 private:
  std::array<Cell, reasons.size()> cells_;
};

}  // namespace parley
