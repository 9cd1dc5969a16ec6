#pragma once
// An assertion that stays on in release builds.

#include <cstdio>
#include <cstdlib>

namespace parley {

/// Ends the process with `sentence` when `condition` does not hold. For what must not be (a broken
/// invariant of ours); never for what the world does.
inline void check(bool condition, const char* sentence, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  if (condition) [[likely]]
    return;
  std::fprintf(stderr, "%s:%d: %s\n", file, line, sentence);
  std::abort();
}

}  // namespace parley
