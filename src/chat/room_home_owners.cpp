// RoomHome: whose a session is. It moves to another server with the client that resumes it, and a
// server that falls silent leaves its departures to the living.
#include <algorithm>
#include <utility>

#include "chat/room_home.h"

namespace parley {

bool RoomHome::knows_others() const { return !others_.empty() || !senders_.empty(); }

void RoomHome::note_server(InstanceId server) {
  if (std::ranges::find(others_, server) != others_.end()) return;
  const bool knew_others = knows_others();
  others_.push_back(server);
  if (!knew_others) tell_reach(shards_);
}

void RoomHome::forget_server(InstanceId server) {
  const bool was_here = std::erase(others_, server) > 0;
  if (question_) std::erase(question_->awaited, server);
  check_question();
  if (!was_here) return;
  for (Session& session : sessions_) {
    if (session.server == server) inherit(session);
    if (session.wanted_by != server) continue;
    session.wanted_by = {};
    if (!session.connection) pass_on(session);
  }
  if (!knows_others()) tell_reach(shards_);
}

/// The session is in this state now, whoever's it is; what the room is to hear of that, it hears.
void RoomHome::note_state(const Session& session, Presence state, TimePoint departing_since,
                          bool is_unannounced) {
  std::vector<Announcement> announcements;
  presence_.heard({session.id, session.identity.user_id, session.identity.display_name, state,
                   now_.monotonic, departing_since, session.is_ours(), is_unannounced},
                  announcements);
  announce(announcements);
}

/// Its server is gone: the living one with the smallest number sees to its departure.
void RoomHome::inherit(Session& session) {
  InstanceId heir = fleet_->self();
  for (const InstanceId other : others_) heir = std::min(heir, other);
  const bool is_ours = heir == fleet_->self();
  if (is_ours && record_) record_->inherit(session.identity.user_id);
  session.server = is_ours ? InstanceId{} : heir;
  session.is_wanted = false;
  session.is_inherited = !is_ours || !session.waiting;

  const PresenceTable::Row* const row = presence_.find(session.id);
  if (row == nullptr) return;
  if (session.waiting) {
    presence_.set_ours(session.id, is_ours);
    if (is_ours)
      take_over(session);
    else
      want(session);
    return;
  }
  if (row->state == Presence::testing || row->is_unannounced) {
    presence_.remove(session.id);
    settle_claims(session.id);
    return;
  }
  const TimePoint since = row->state == Presence::departing ? row->departing_since : now_.monotonic;
  note_state(session, Presence::departing, since);
  // Who would succeed it asks its heir.
  const auto claimant = std::ranges::find(sessions_, session.id, &Session::claims);
  if (claimant == sessions_.end()) return;
  if (!is_ours) {
    claim(*claimant, session.id);
    return;
  }
  std::vector<Announcement> announcements;
  presence_.succeeded(session.id, claimant->id, announcements);
  announce(announcements);
  settle_claims(session.id);
}

void RoomHome::give(Session& session, InstanceId to) {
  const PresenceTable::Row* const row = presence_.find(session.id);
  session.wanted_by = {};
  session.connection.reset();
  session.server = to;
  if (row == nullptr) return;
  const FleetState state =
      row->state == Presence::testing ? FleetState::testing : FleetState::active;
  note_state(session, presence_of(state), now_.monotonic);
  say(fleet::Given{session.id, to, state});
  // Who came here to resume it after the other had asked for it is the latest.
  if (session.waiting && session.waiting->takes_over) want(session);
}

void RoomHome::get(Session& session, FleetState state) {
  session.server = {};
  session.is_wanted = false;
  senders_.erase(session.id);
  note_state(session, presence_of(state), now_.monotonic);
  if (session.waiting) {
    take_over(session);
    return;
  }
  depart(session);  // its client has gone meanwhile
}

/// A session elsewhere has ended.
void RoomHome::lose(SessionId id, bool is_announced) {
  Session* const session = find(id);
  if (session == nullptr || session->is_ours()) return;
  const PresenceTable::Row* const row = presence_.find(id);
  if (row == nullptr) return;
  if (is_announced && row->state != Presence::testing && !row->is_unannounced)
    tell_everybody(
        participant_left(*name_, {id, session->identity.user_id, session->identity.display_name}));
  session->is_wanted = false;
  presence_.remove(id);
  senders_.erase(id);
  settle_claims(id);
}

void RoomHome::want(Session& session) {
  session.is_wanted = true;
  say(fleet::Wanted{session.id});
}

void RoomHome::claim(Session& session, SessionId departed) {
  session.claims = departed;
  say(fleet::Claims{departed, session.id, find(departed)->server});
}

/// Those that would have succeeded `departed` and have not, or just that one, are to be announced.
void RoomHome::settle_claims(SessionId departed, SessionId successor) {
  std::vector<Announcement> announcements;
  for (Session& session : sessions_) {
    if (session.claims != departed || !departed) continue;
    if (successor && session.id != successor) continue;
    session.claims = {};
    presence_.denied(session.id, announcements);
  }
  announce(announcements);
  // Those that may go to the servers which have asked for them, now that this is known.
  for (Session& session : sessions_)
    if (session.wanted_by && !session.connection) pass_on(session);
}

void RoomHome::sweep() {
  const auto is_silent = [this](TimePoint heard_at) {
    return heard_at + stranger_silence_max <= now_.monotonic;
  };
  std::vector<SessionId> silent;
  for (const Session& session : sessions_) {
    if (session.server != strange_server) continue;
    const auto sender = senders_.find(session.id);
    if (sender == senders_.end() || is_silent(sender->second.heard_at))
      silent.push_back(session.id);
  }
  for (const SessionId session : silent) lose(session, /*is_announced=*/true);
  std::erase_if(senders_, [&](const auto& sender) { return is_silent(sender.second.heard_at); });
  next_sweep_ = senders_.empty() ? never : now_.monotonic + sweep_period;
  if (!knows_others()) tell_reach(shards_);
  forget_departed();
}

}  // namespace parley
