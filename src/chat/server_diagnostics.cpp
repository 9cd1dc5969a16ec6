#include "chat/server_diagnostics.h"

#include <chrono>
#include <utility>

#include "base/check.h"

namespace parley {

using Kind = ConnectionEvent::Kind;

TrackerSender::~TrackerSender() {
  check(!session_, "a tracked connection is destroyed before it has ended");
}

void TrackerSender::connection_started(SessionId session, bool resumes, Now now) {
  if (diagnostics_ == nullptr || session_ || !session) return;
  session_ = session;
  started_at_ = now.monotonic;
  diagnostics_->start(*this, resumes, now);
}

void TrackerSender::connection_ended(Now now) {
  if (!session_) return;
  diagnostics_->end(*this, now);
  session_ = {};
}

ServerDiagnostics::ServerDiagnostics(const DiagnosticsRules& rules, RecentConnections& recent,
                                     DiagnosticsSink& sink)
    : rules_(rules), subject_(connection_subject(rules.place)), recent_(recent), sink_(sink) {
  check(rules.interval > 0s, "the interval of samples must be positive");
}

ServerDiagnostics::~ServerDiagnostics() {
  check(due_.empty(), "the diagnostics are destroyed before the connections they tell of");
}

void ServerDiagnostics::start(TrackerSender& tracker, bool resumes, Now now) {
  ConnectionEvent started = event(Kind::started, tracker, now);
  started.is_reconnection = resumes || recent_.contains(tracker.identity_.room.value,
                                                        tracker.identity_.user_id, now.monotonic);
  send(started);
  tracker.due_ = due_.insert(due_.end(), {now.monotonic + rules_.interval, &tracker});
}

void ServerDiagnostics::end(TrackerSender& tracker, Now now) {
  due_.erase(tracker.due_);
  recent_.ended(tracker.identity_.room.value, tracker.identity_.user_id, now.monotonic);
  ConnectionEvent ended = event(Kind::ended, tracker, now);
  ended.data = tracker.data_;
  ended.duration = std::chrono::duration_cast<Millis>(now.monotonic - tracker.started_at_);
  send(ended);
}

void ServerDiagnostics::on_deadline(Now now) {
  for (std::size_t i = 0; i < samples_per_turn && deadline() <= now.monotonic; ++i) {
    sample(*due_.front().tracker, now);
    due_.front().at = now.monotonic + rules_.interval;
    due_.splice(due_.end(), due_, due_.begin());
  }
}

void ServerDiagnostics::sample(const TrackerSender& tracker, Now now) {
  if (tracker.data_.sent == 0 && tracker.data_.received == 0) return;
  ConnectionEvent sampled = event(Kind::data_transferred, tracker, now);
  sampled.data = tracker.data_;
  send(sampled);
}

ConnectionEvent ServerDiagnostics::event(Kind kind, const TrackerSender& tracker, Now now) const {
  ConnectionEvent event;
  event.kind = kind;
  event.at = now.unix;
  event.session_id = std::to_string(tracker.session_.value);
  event.user_id = tracker.identity_.user_id;
  event.meeting_id = tracker.identity_.room.value;
  event.protocol = tracker.protocol_;
  event.server_instance = rules_.place.instance;
  event.region = rules_.place.region;
  return event;
}

void ServerDiagnostics::send(const ConnectionEvent& event) {
  const std::string payload = encode(event);
  sink_.publish(subject_, as_bytes(payload));
}

}  // namespace parley
