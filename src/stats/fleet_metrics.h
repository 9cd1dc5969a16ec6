#pragma once
// FleetMetrics: what `parley metrics` hears on the bus and shows to Prometheus.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "stats/connection_series.h"
#include "stats/health_series.h"
#include "stats/message_outcome.h"
#include "stats/metrics.h"

namespace parley {

/// Takes the messages of health_subjects and connection_subjects. The caller sees to it that one
/// thread at a time is here.
class FleetMetrics {
 public:
  FleetMetrics(BuildInfo build, UnixMillis started);

  void on_message(std::string_view subject, Bytes payload, Now now);

  /// What the bus says of itself.
  struct BusState {
    bool connected = false;
    std::uint64_t lost = 0;  ///< messages that came faster than they could be read
  };
  /// All series, in the text form that Prometheus reads.
  [[nodiscard]] std::string render(const BusState& bus, Now now);

  [[nodiscard]] const MessageCounts& health_counts() const { return health_counts_; }
  [[nodiscard]] const MessageCounts& connection_counts() const { return connection_counts_; }

 private:
  void render_self(std::ostream& out, const BusState& bus) const;

  const BuildInfo build_;
  const UnixMillis started_;
  HealthSeries health_;
  ConnectionSeries connections_;
  MessageCounts health_counts_, connection_counts_;
};

}  // namespace parley
