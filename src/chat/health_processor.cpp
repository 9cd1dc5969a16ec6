#include "chat/health_processor.h"

namespace parley {
namespace {

HealthOutcome outcome_of(HealthFault fault) {
  switch (fault) {
    case HealthFault::too_large:
      return HealthOutcome::too_large;
    case HealthFault::too_many_peers:
      return HealthOutcome::too_many_peers;
    case HealthFault::malformed:
      break;
  }
  return HealthOutcome::malformed;
}

}  // namespace

std::string_view name_of(HealthOutcome outcome) {
  switch (outcome) {
    case HealthOutcome::sent:
      return "sent";
    case HealthOutcome::malformed:
      return "malformed";
    case HealthOutcome::too_large:
      return "too_large";
    case HealthOutcome::too_many_peers:
      return "too_many_peers";
    case HealthOutcome::too_often:
      return "too_often";
  }
  return "unknown";
}

HealthProcessor::HealthProcessor(const ServerPlace& place, DiagnosticsSink& sink)
    : subject_(health_subject(place)), sink_(sink) {}

HealthOutcome HealthProcessor::process(Bytes inner, const HealthReporter& reporter,
                                       HealthLimiter& limiter, TimePoint now) {
  const HealthOutcome outcome = judge_and_send(inner, reporter, limiter, now);
  counts_[static_cast<std::size_t>(outcome)].add();
  return outcome;
}

HealthOutcome HealthProcessor::judge_and_send(Bytes inner, const HealthReporter& reporter,
                                              HealthLimiter& limiter, TimePoint now) {
  if (!limiter.allow(now)) return HealthOutcome::too_often;
  const auto report = attributed_health_report(inner, reporter);
  if (!report) return outcome_of(report.error());
  sink_.publish(subject_, as_bytes(*report));
  return HealthOutcome::sent;
}

}  // namespace parley
