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

/// The middle one (of an even number, the upper middle); zero for none.
Duration median(std::vector<Duration> values);

}  // namespace parley::bench
