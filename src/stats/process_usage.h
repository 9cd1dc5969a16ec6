#pragma once
// ProcessUsage: what the operating system says about this process.

#include <cstdint>

namespace parley {

/// A figure that cannot be read is 0.
struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t threads = 0;
  double start_time_seconds = 0;  ///< since 1970
};

/// Reads /proc/self; takes some tens of microseconds.
[[nodiscard]] ProcessUsage read_process_usage();

}  // namespace parley
