#pragma once
// HttpDate: the Date of answers.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace parley {

/// Formats a second once, however many answers it has. For one thread.
class HttpDate {
 public:
  /// As RFC 9110 §5.6.7 has it ("Sun, 06 Nov 1994 08:49:37 GMT"); good until the next call.
  [[nodiscard]] std::string_view at(UnixMillis now);

 private:
  std::uint64_t second_ = 0;
  std::string text_;
};

}  // namespace parley
