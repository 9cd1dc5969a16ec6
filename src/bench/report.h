#pragma once
// Report: the figures of a run, for people and for programs.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "bench/bar.h"
#include "bench/churn_load.h"
#include "bench/floor.h"
#include "bench/idle_load.h"
#include "bench/room_load.h"
#include "bench/shape.h"

namespace parley::bench {

/// Rooms under load, with what they were planned to be.
struct RoomReport {
  RoomLoadPlan plan;
  RoomLoadResult result;
  /// The floor of the machine around this run, from the runs before and after.
  Floor floor;
  /// One bare send at this shape's pace; zero when it was not measured.
  Duration paced_floor{};

  [[nodiscard]] Tally total() const { return result.total(plan.phases); }
  [[nodiscard]] std::optional<double> micros_per_delivery() const;
  /// Of one of its processes.
  [[nodiscard]] std::optional<double> micros_per_delivery(pid_t process) const;
  /// Of the busiest thread alone, over the deliveries of the whole process.
  [[nodiscard]] std::optional<double> busiest_micros_per_delivery() const;
  [[nodiscard]] std::vector<Criterion> criteria() const;
};

struct IdleReport {
  Shape shape;
  IdleResult result;
  [[nodiscard]] std::vector<Criterion> criteria() const { return judge_idle(shape, result); }
};

struct ChurnReport {
  ChurnPlan plan;
  ChurnResult result;
  [[nodiscard]] std::vector<Criterion> criteria() const { return judge_churn(result); }
};

using Report = std::variant<RoomReport, IdleReport, ChurnReport>;

/// Where and on what it was measured.
struct Circumstances {
  std::string target;
  std::vector<pid_t> pids;
  std::string server_cpus;
  std::string client_cpus;
  int shards = 0;  ///< 0: not ours to know
};

std::vector<Criterion> criteria_of(const Report& report);

/// A paragraph, ending in a line feed.
std::string for_people(const Report& report);

/// One JSON document, ending in a line feed.
std::string for_programs(const Circumstances& circumstances, const std::vector<Report>& reports);

}  // namespace parley::bench
