#include "bench/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

namespace parley::bench {

Progress::Progress() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { clear(); }

void Progress::show(std::string_view line) {
  if (!is_terminal_) return;
  fmt::print(stderr, "\r\x1b[K{}", line);
  std::fflush(stderr);
  is_shown_ = true;
  next_ = monotonic_now() + 250ms;
}

void Progress::clear() {
  if (!is_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  is_shown_ = false;
  next_ = {};
}

}  // namespace parley::bench
