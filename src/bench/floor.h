#pragma once
// The floor of the machine: what the bare system call costs that every delivery needs. Machines
// differ by a factor of two; multiples of the floor can be compared.

#include <cstddef>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/cpu_set.h"

namespace parley::bench {

/// Processor time of one `send` of a 1 204 B frame on a loopback TCP socket, for each of `runs`
/// runs of 5 000 frames to each of 100 sockets; the sender runs where the server runs and the
/// reader where the client runs. A run takes about a second.
Result<std::vector<Duration>> measure_floor(const CpuPlan& cpus, std::size_t runs);

/// Processor time of one such `send` when they come as a shape's deliveries come: the sender sleeps
/// until the next millisecond, sends what has become due, and sleeps again, and so does the reader.
/// Waking up and waking the reader then cost more than sending; no relay can pay less for the same
/// load without making packets wait. Takes two seconds.
Result<Duration> measure_paced_floor(const CpuPlan& cpus, double frames_per_second);

/// Many runs in three figures; all zero for none.
struct Floor {
  /// Of an even number, the upper one of the two in the middle.
  Duration median{};
  Duration least{};
  Duration most{};

  explicit operator bool() const { return median > Duration::zero(); }
  /// Runs differ by a factor of up to 1.8 on a quiet machine: with the reader always awake a send
  /// costs less. Beyond two, somebody else uses the processors.
  [[nodiscard]] bool is_unsteady() const { return most > 2 * least; }
};

Floor summarize(std::vector<Duration> costs);

}  // namespace parley::bench
