// RoomHome: what the record of meetings has to do with the room. Nobody comes in whom it does not
// take; who has left everywhere has left there; and when that ends the meeting, the room hears it.
#include <algorithm>
#include <utility>

#include "chat/room_home.h"

namespace parley {

/// A session that this process has, and that is resumed, was recorded when it began, and the record
/// may be away: what runs goes on.
bool RoomHome::must_be_recorded(const JoinNote& note) {
  if (!record_ || note.identity.role == Role::observer) return false;
  const Session* const resumed = find_resumable(note);
  return resumed == nullptr || !resumed->is_ours() || resumed->is_inherited;
}

void RoomHome::on_recorded(const RecordedNote& note, Now now) {
  now_ = now;
  const std::optional<JoinNote> asked = record_->answered(note);
  if (!asked) {
    settle_record();
    return;
  }
  // Who is here already is in the record, and does not lose his place when that is away.
  const bool is_here = std::ranges::any_of(sessions_, [&](const Session& session) {
    return session.is_ours() && session.identity.role == Role::participant &&
           session.identity.user_id == asked->identity.user_id;
  });
  if (note.answer || (is_here && note.answer.error().cause))
    let_in(*asked, now);
  else
    refuse(note.from, note.answer.error());
}

void RoomHome::refuse(ConnectionAt from, const SessionRefusal& refusal) {
  sender_.tell(from.shard, RemoveNote{from.connection, EndReason::rejected, refusal.reason});
}

/// Has the record told of those who are nowhere any more.
void RoomHome::settle_record() {
  if (!record_) return;
  RoomRecord::Users here;
  for (const PresenceTable::Row& row : presence_.rows()) here.insert(row.user_id);
  if (question_)
    for (const JoinNote& note : question_->waiting) here.insert(note.identity.user_id);
  record_->settle(std::move(here), fleet_ == nullptr || fleet_->connected());
}

void RoomHome::on_ended(const EndedNote& note, Now now) {
  now_ = now;
  record_->end_written(note.ending);
  if (note.ending != Ending::host_ended) return;
  const Packet notice = meeting_ended(*name_, host_has_ended);
  publish(notice);
  end_meeting(notice);
}

/// The host has ended it. Who stays is in a room without a meeting; who comes next begins one.
void RoomHome::end_meeting(const Packet& notice) {
  tell_everybody(notice);
  meeting_.reset();
  record_->end_meeting();
  if (!ended_meetings_close_) return;
  for (const Session& session : sessions_) {
    if (session.identity.role == Role::observer) continue;
    for (const auto& connection : {session.connection, session.waiting})
      if (connection)
        sender_.tell(connection->at.shard, RemoveNote{connection->at.connection,
                                                      EndReason::meeting_ended, host_has_ended});
  }
}

}  // namespace parley
