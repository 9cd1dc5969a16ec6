#pragma once
// Refusal: why somebody may not enter, in the words that go on the wire.

#include <string>
#include <string_view>

namespace parley {

/// The answer to a request that is not let in.
struct Refusal {
  int status = 403;
  std::string body;
  /// A fixed label for the counters (stats/refusal_counts.h), such as "expired".
  std::string_view reason;
};

}  // namespace parley
