#include "store/meeting_rules.h"

namespace parley {
namespace {

/// Whether a meeting ends when this user, who has just left, was its host and nobody else is.
bool was_last_host(RoomRows& rows, const std::string& user) {
  const RoomRows::Hosts hosts = rows.hosts(user);
  if (hosts.all > 0) return hosts.include_user && hosts.present == 0;
  const auto meeting = rows.meeting();
  return meeting && meeting->creator_id == user;
}

}  // namespace

Started start_session(RoomRows& rows, const SessionStart& start) {
  rows.enter(start.user_id, start.instance, start.now);
  const bool is_first = rows.present() == 1;
  auto meeting = rows.meeting();
  if (!meeting || meeting->ended_at) {
    rows.begin_meeting(start.user_id, start.now);
    meeting = RoomRows::Meeting{start.now, std::nullopt, start.user_id};
  }
  if (start.is_host) rows.add_host(start.user_id);
  return {is_first, meeting->started_at, meeting->creator_id};
}

Ended end_session(RoomRows& rows, const SessionEnd& end) {
  if (end.everywhere)
    rows.release_everywhere(end.user_id);
  else
    rows.release(end.user_id, end.instance);
  const bool has_left = rows.leave_if_released(end.user_id, end.now);
  const std::uint64_t remaining = rows.present();
  if (!has_left) return {Ending::continues, remaining};

  if (remaining == 0) {
    rows.end_meeting(end.now);
    return {Ending::last_left, 0};
  }
  if (was_last_host(rows, end.user_id)) {
    rows.leave_all(end.now);
    rows.end_meeting(end.now);
    return {Ending::host_ended, remaining};
  }
  return {Ending::continues, remaining};
}

void withdraw_session(RoomRows& rows, const SessionStart& start) {
  if (!rows.release_if_since(start.user_id, start.instance, start.now)) return;
  if (rows.leave_if_released(start.user_id, start.now) && rows.present() == 0)
    rows.end_meeting(start.now);
}

}  // namespace parley
