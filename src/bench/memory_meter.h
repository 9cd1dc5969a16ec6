#pragma once
// What processes hold: resident memory and open descriptors.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace parley::bench {

/// Resident bytes of all `pids` together, exact where the kernel offers smaps_rollup. Takes up to a
/// millisecond. Nothing when a process cannot be looked at.
std::optional<std::int64_t> resident_bytes(const std::vector<pid_t>& pids);

/// The same from statm: quick, and a little behind (the kernel counts per thread and in batches).
std::optional<std::int64_t> resident_bytes_quick(const std::vector<pid_t>& pids);

/// Open descriptors of all `pids` together.
std::optional<int> open_descriptors(const std::vector<pid_t>& pids);

}  // namespace parley::bench
