#pragma once
// The head of a request: where it ends, and what it says.

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/http_types.h"

namespace parley {

/// Looks for the end of a head in bytes that arrive piece by piece, and for what cannot become one.
/// So garbage is answered at once and not when the client's time has run out.
class HeadScanner {
 public:
  enum class State : std::uint8_t { incomplete, complete, garbage };

  /// Looks at `received`, everything since the head began; what an earlier call has seen must be
  /// unchanged at its front.
  State scan(std::string_view received);

  /// How many bytes the head has, its empty line included; after `complete`.
  [[nodiscard]] std::size_t size() const { return seen_; }

 private:
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  bool in_method_ = true;
};

/// A request that is answered without asking anybody.
struct HttpRefusal {
  int status = 400;
  std::string_view body;
  /// See HttpHandler::on_refused.
  std::string_view reason;
};

/// Reads a whole head (RFC 9112). Bodies are refused: nothing here takes one.
[[nodiscard]] Result<HttpRequest, HttpRefusal> read_request_head(std::string_view head);

}  // namespace parley
