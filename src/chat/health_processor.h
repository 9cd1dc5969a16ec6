#pragma once
// HealthProcessor: what becomes of a client's health report.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "chat/diagnostics_sink.h"
#include "chat/shard_stats.h"
#include "wire/diagnostics_subject.h"
#include "wire/health_report.h"

namespace parley {

/// What happened to a report.
enum class HealthOutcome : std::uint8_t {
  sent,
  malformed,       ///< no HealthPacket
  too_large,       ///< more than health_bytes_max
  too_many_peers,  ///< more than health_peers_max
  too_often,       ///< more than two in a second
};
inline constexpr std::size_t health_outcome_count = 5;
std::string_view name_of(HealthOutcome outcome);

/// How many reports one session may send: two in a second. Browsers send one in five.
class HealthLimiter {
 public:
  /// True if a report arriving at `now` may pass. `now` never goes back.
  [[nodiscard]] bool allow(TimePoint now) {
    if (now - window_start_ > 1s) {
      window_start_ = now;
      passed_ = 0;
    }
    if (passed_ == reports_per_window) return false;
    ++passed_;
    return true;
  }

 private:
  static constexpr int reports_per_window = 2;
  TimePoint window_start_{};
  int passed_ = 0;
};

/// One per shard: sends reports to `health.diagnostics.…`, with the session's word on who reports.
/// Those it refuses are counted, and the session lives.
class HealthProcessor {
 public:
  /// `sink` outlives this.
  HealthProcessor(const ServerPlace& place, DiagnosticsSink& sink);

  /// `inner` is a HEALTH packet's data, `limiter` the session's own.
  HealthOutcome process(Bytes inner, const HealthReporter& reporter, HealthLimiter& limiter,
                        TimePoint now);

  [[nodiscard]] const Cell& count(HealthOutcome outcome) const {
    return counts_[static_cast<std::size_t>(outcome)];
  }

 private:
  HealthOutcome judge_and_send(Bytes inner, const HealthReporter& reporter, HealthLimiter& limiter,
                               TimePoint now);

  const std::string subject_;
  DiagnosticsSink& sink_;
  std::array<Cell, health_outcome_count> counts_;
};

}  // namespace parley
