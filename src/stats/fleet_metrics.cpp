#include "stats/fleet_metrics.h"

#include <sstream>
#include <utility>

#include "stats/family_text.h"
#include "stats/process_usage.h"
#include "wire/diagnostics_subject.h"

namespace parley {
namespace {

using prometheus::MetricType;

/// Whether `subject` is one of those that `pattern`, which ends with `>`, stands for.
bool matches(std::string_view pattern, std::string_view subject) {
  return subject.starts_with(pattern.substr(0, pattern.size() - 1));
}

void write(std::ostream& out, MetricType type, std::string name, std::string help, double value) {
  FamilyText(out, type, std::move(name), std::move(help)).put(value);
}

}  // namespace

FleetMetrics::FleetMetrics(BuildInfo build, UnixMillis started)
    : build_(std::move(build)), started_(started) {}

void FleetMetrics::on_message(std::string_view subject, Bytes payload, Now now) {
  if (matches(health_subjects, subject))
    health_counts_.add(health_.on_report(payload, now));
  else if (matches(connection_subjects, subject))
    connection_counts_.add(connections_.on_event(payload, now));
}

std::string FleetMetrics::render(const BusState& bus, Now now) {
  std::ostringstream out;
  health_.render(out, now.monotonic);
  connections_.render(out, now.monotonic);
  write(out, MetricType::Gauge, "videocall_metrics_service_startup_timestamp_seconds",
        "When this process started, in seconds since 1970.",
        static_cast<double>(started_.count) / 1000);
  render_self(out, bus);
  return std::move(out).str();
}

void FleetMetrics::render_self(std::ostream& out, const BusState& bus) const {
  FamilyText(out, MetricType::Gauge, "parley_build_info", "The build that runs; always 1.")
      .put(1, {{"git_sha", build_.git_sha}, {"version", build_.version}});
  write(out, MetricType::Gauge, "parley_metrics_bus_connected",
        "Whether this process is connected to NATS.", bus.connected ? 1 : 0);
  write(out, MetricType::Counter, "parley_metrics_messages_lost_total",
        "Messages that came faster than they could be read.", static_cast<double>(bus.lost));
  {
    FamilyText family(out, MetricType::Counter, "parley_metrics_messages_total",
                      "Messages from NATS, by what became of them.");
    for (const auto& [kind, counts] :
         {std::pair{"health", &health_counts_}, std::pair{"connection", &connection_counts_}})
      for (std::size_t i = 0; i < message_outcome_count; ++i)
        family.put(static_cast<double>(counts->of[i]),
                   {{"kind", kind}, {"outcome", name_of(static_cast<MessageOutcome>(i))}});
  }
  {
    FamilyText family(out, MetricType::Gauge, "parley_metrics_remembered",
                      "Clients, pairs of them and connections that have series.");
    for (const auto& [what, count] :
         {std::pair{"reporters", health_.reporters()}, std::pair{"pairs", health_.pairs()},
          std::pair{"connections", connections_.connections()}})
      family.put(static_cast<double>(count), {{"what", what}});
  }
  const ProcessUsage usage = read_process_usage();
  write(out, MetricType::Counter, "process_cpu_seconds_total", "User and system time.",
        usage.cpu_seconds);
  write(out, MetricType::Gauge, "process_resident_memory_bytes", "Memory in use.",
        static_cast<double>(usage.resident_bytes));
  write(out, MetricType::Gauge, "process_start_time_seconds",
        "When the process started, in seconds since 1970.", usage.start_time_seconds);
}

}  // namespace parley
