#pragma once
// Bench: a whole session of the load tool: servers, floors, shapes and their reports.

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/churn_load.h"
#include "bench/server_process.h"
#include "bench/shape.h"
#include "bench/target.h"

namespace parley::bench {

/// Receivers that stop reading in the middle of a shape.
struct StallPlan {
  int receivers = 1;
  Millis duration = 40s;
  Millis before = 10s;
  Millis after = 5s;
};

/// What the user wants measured.
struct BenchPlan {
  std::vector<Shape> shapes;
  std::optional<StallPlan> stall;
  /// Instead of shapes.
  std::optional<ChurnPlan> churn;

  /// The relay; when absent, one of our own is started for each shape.
  std::optional<Target> target;
  /// The processes of that relay.
  std::vector<pid_t> pids;
  /// How to start our own.
  ServerOptions server;
  /// How tokens are made for our own (see Target).
  std::optional<Target> token_source;

  /// Runs of the floor before and after each shape; 0 leaves it out.
  std::size_t floor_runs = 5;
  /// Exit with 3 when a bar is missed.
  bool is_enforced = false;
  bool is_json = false;
};

/// Runs the plan, prints its figures to stdout and its progress to stderr, and returns the exit
/// code: 0; 1 when it could not be run; 3 when it was enforced and a bar was missed.
int run_bench(const BenchPlan& plan);

}  // namespace parley::bench
