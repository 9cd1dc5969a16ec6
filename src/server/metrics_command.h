#pragma once
// `parley metrics`: listens on NATS to what servers and clients tell, and shows it to Prometheus.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/command_line.h"
#include "server/config.h"

namespace parley {

struct MetricsOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 9091;
  /// A descriptor to which one JSON line is written when the port is open; -1 is none.
  int ready_fd = -1;
  /// Of a relay's settings those about the bus and the log count; bus.url is never empty.
  Config config;
};

/// The arguments behind `metrics`. METRICS_PORT and NATS_URL mean what they meant to the original;
/// flags win over variables, and variables over the file.
[[nodiscard]] Result<MetricsOptions, CommandExit> parse_metrics_arguments(
    std::span<const std::string> arguments, const Environment& environment);

/// Runs until SIGINT or SIGTERM. While NATS cannot be reached it answers with what it has, and
/// tries again, for ever. The exit code.
int run_metrics_command(const std::vector<std::string>& arguments);

}  // namespace parley
