#pragma once
// RoomLoad: rooms full of participants who send what a shape says, and the books of what arrived.

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/cpu_meter.h"
#include "bench/latency.h"
#include "bench/mark.h"
#include "bench/progress.h"
#include "bench/shape.h"
#include "bench/stall_watch.h"
#include "bench/target.h"

namespace parley::bench {

/// A stretch of a run. Packets belong to the phase in which they were sent.
struct Phase {
  std::string name;
  Millis duration{};
  /// The stalling receivers do not read.
  bool is_stalled = false;
  /// Whether it enters the figures; a warm-up does not.
  bool is_counted = true;
};

struct RoomLoadPlan {
  Shape shape;
  std::vector<Phase> phases;
  /// So many members at the end of the first room, who do not send, stop reading in stalled phases.
  /// Their heartbeats go on.
  int stalling = 0;
  /// The processes whose time and memory count; may be empty.
  std::vector<pid_t> pids;
};

/// The plan of a shape without stalls: warm-up, then the counted time.
RoomLoadPlan plain_plan(const Shape& shape, const std::vector<pid_t>& pids);

/// What arrived, and how.
struct Tally {
  std::uint64_t expected = 0;
  std::uint64_t delivered = 0;
  /// Overtaken by a later packet of the same sender; of the same sender and stream. (Over
  /// WebTransport each packet is a stream of its own, and this is the order in which they end.)
  std::uint64_t late = 0;
  std::uint64_t late_in_stream = 0;
  std::uint64_t repeated = 0;
  Latency latency;

  void merge(const Tally& other);
};

/// How well the tool itself kept up.
struct ClientHealth {
  /// Share of its processor, 0 to 1.
  double cpu_share = 0;
  std::uint64_t ticks = 0;
  /// Ticks that came more than 2 ms late.
  std::uint64_t ticks_late = 0;
  Duration latest{};
  /// Packets that were not sent because the server took no more from their sender.
  std::uint64_t skipped = 0;

  /// Why the figures are the tool's rather than the relay's; nothing when they are not.
  [[nodiscard]] std::optional<std::string> bottleneck() const;
};

struct RoomLoadResult {
  /// One per phase, of the receivers that never stall.
  std::vector<Tally> phases;
  /// The counted phases together, by what the receiver uses.
  std::array<Tally, 2> by_transport;
  std::uint64_t sent = 0;
  /// Packets that came back to their sender, into another room, or with another length.
  std::uint64_t echoed = 0;
  std::uint64_t strayed = 0;
  std::uint64_t damaged = 0;
  /// Connections that ended early, by reason.
  std::map<std::string, int> lost_connections;
  ClientHealth client;
  /// The server's processor time over all counted phases.
  std::optional<CpuUse> cpu;
  /// Wall time of the counted phases.
  Duration wall{};
  std::optional<StallResult> stall;
  bool is_interrupted = false;

  /// The counted phases together.
  [[nodiscard]] Tally total(const std::vector<Phase>& planned) const;
};

/// Runs a plan against a relay. Takes the time of its phases, the joining, and up to two seconds.
Result<RoomLoadResult> run_room_load(const RoomLoadPlan& plan, const Target& target,
                                     Progress& progress);

}  // namespace parley::bench
