#pragma once
// CpuMeter: how much processor time processes have used, from the scheduler's own books.

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace parley::bench {

struct ThreadCpu {
  pid_t pid = 0;
  pid_t tid = 0;
  std::string name;
  Duration used{};
};

/// Processor time of every thread of some processes at one moment
/// (/proc/PID/task/TID/schedstat, nanoseconds on a core).
struct CpuReading {
  std::vector<ThreadCpu> threads;
};

/// What was used between two readings.
struct CpuUse {
  Duration total{};
  std::map<pid_t, Duration> by_process;
  /// The thread that used most.
  ThreadCpu busiest;
};

/// Fails when a process does not exist or may not be looked at.
Result<CpuReading> read_cpu(const std::vector<pid_t>& pids);

/// A thread that began between the readings counts whole; one that ended is forgotten.
CpuUse difference(const CpuReading& before, const CpuReading& after);

/// Processor time of the calling thread.
Duration own_thread_cpu();

}  // namespace parley::bench
