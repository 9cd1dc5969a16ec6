#include "chat/shard_stats.h"

#include <algorithm>

namespace parley {

std::string_view name_of(DropReason reason) {
  switch (reason) {
    case DropReason::video_too_old:
      return "video_too_old";
    case DropReason::audio_too_old:
      return "audio_too_old";
    case DropReason::held_back:
      return "held_back";
    case DropReason::outbox_full:
      return "outbox_full";
    case DropReason::data_over_budget:
      return "data_over_budget";
    case DropReason::session_closed:
      return "session_closed";
    case DropReason::mailbox_full:
      return "mailbox_full";
    case DropReason::in_flight_too_long:
      return "in_flight_too_long";
    case DropReason::bus_full:
      return "bus_full";
  }
  return "unknown";
}

std::string_view name_of(DiscardReason reason) {
  switch (reason) {
    case DiscardReason::malformed:
      return "malformed";
    case DiscardReason::forged:
      return "forged";
    case DiscardReason::observer:
      return "observer";
    case DiscardReason::keyframe_limit:
      return "keyframe_limit";
  }
  return "unknown";
}

std::string_view name_of(EndReason reason) {
  switch (reason) {
    case EndReason::client_closed:
      return "client_closed";
    case EndReason::connection_lost:
      return "connection_lost";
    case EndReason::silent:
      return "silent";
    case EndReason::resumed_elsewhere:
      return "resumed_elsewhere";
    case EndReason::protocol_error:
      return "protocol_error";
    case EndReason::invalid_text:
      return "invalid_text";
    case EndReason::message_too_big:
      return "message_too_big";
    case EndReason::too_slow:
      return "too_slow";
    case EndReason::message_too_slow:
      return "message_too_slow";
    case EndReason::rejected:
      return "rejected";
    case EndReason::meeting_ended:
      return "meeting_ended";
    case EndReason::draining:
      return "draining";
    case EndReason::internal_error:
      return "internal_error";
  }
  return "unknown";
}

void DurationHistogram::observe(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::size_t i = 0;
  while (i < bounds_seconds.size() && seconds > bounds_seconds[i]) ++i;
  buckets_[i].add();
  sum_ns_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count())));
}

}  // namespace parley
