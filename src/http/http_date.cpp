#include "http/http_date.h"

#include <fmt/chrono.h>

#include <ctime>

namespace parley {

std::string_view HttpDate::at(UnixMillis now) {
  const std::uint64_t second = now.count / 1000;
  if (text_.empty() || second != second_) {
    second_ = second;
    text_ =
        fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
  }
  return text_;
}

}  // namespace parley
