#include "chat/presence.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace parley {
namespace {

Announcement announce(Announcement::Kind kind, const PresenceTable::Row& row, TimePoint since = {},
                      SessionId departed = {}) {
  return {kind, row.session, row.user_id, row.display_name, since, departed};
}

}  // namespace

void PresenceTable::join(SessionId session, std::string_view user_id, std::string_view display_name,
                         TimePoint now) {
  check(find(session) == nullptr, "a session joins its room twice");
  rows_.push_back({session, std::string(user_id), std::string(display_name), Presence::testing, now,
                   TimePoint{}, /*is_ours=*/true, /*is_unannounced=*/false});
}

void PresenceTable::first_packet(SessionId session, std::vector<Announcement>& announcements) {
  Row* const newcomer = row(session);
  if (newcomer == nullptr || newcomer->state != Presence::testing) return;
  newcomer->state = Presence::active;

  const Row* oldest = nullptr;
  for (const Row& other : rows_) {
    const bool waits = other.state == Presence::departing && !other.is_unannounced &&
                       other.user_id == newcomer->user_id;
    if (waits && (oldest == nullptr || other.departing_since < oldest->departing_since))
      oldest = &other;
  }
  if (oldest == nullptr) {
    announcements.push_back(announce(Announcement::Kind::joined, *newcomer));
  } else if (oldest->is_ours) {
    succeeded(oldest->session, session, announcements);
  } else {
    newcomer->is_unannounced = true;
    announcements.push_back(announce(Announcement::Kind::claims, *newcomer, {}, oldest->session));
  }
}

void PresenceTable::succeeded(SessionId departed, SessionId successor,
                              std::vector<Announcement>& announcements) {
  const Row* const old = find(departed);
  if (old == nullptr || old->state != Presence::departing) return;
  const TimePoint since = old->departing_since;
  erase(*old);
  Row* const newcomer = row(successor);
  if (newcomer == nullptr) return;
  newcomer->is_unannounced = false;
  if (newcomer->state == Presence::testing) newcomer->state = Presence::active;
  if (newcomer->state == Presence::active)
    announcements.push_back(
        announce(Announcement::Kind::joined_silently, *newcomer, since, departed));
}

void PresenceTable::denied(SessionId session, std::vector<Announcement>& announcements) {
  Row* const newcomer = row(session);
  if (newcomer == nullptr || !std::exchange(newcomer->is_unannounced, false)) return;
  announcements.push_back(announce(Announcement::Kind::joined, *newcomer));
}

void PresenceTable::gone(SessionId session, TimePoint now,
                         std::vector<Announcement>& announcements) {
  Row* const leaver = row(session);
  if (leaver == nullptr || leaver->state == Presence::departing) return;
  if (leaver->state == Presence::active) {
    leaver->state = Presence::departing;
    leaver->departing_since = now;
    return;
  }
  erase(*leaver);
  on_deadline(now, announcements);  // departures it held back may be overdue
}

void PresenceTable::resumed(SessionId session, std::vector<Announcement>& announcements) {
  Row* const returned = row(session);
  check(returned != nullptr && returned->state == Presence::departing,
        "a session that is not departing resumes");
  returned->state = Presence::active;
  announcements.push_back(announce(Announcement::Kind::joined_silently, *returned,
                                   returned->is_unannounced ? never : returned->departing_since,
                                   returned->session));
}

void PresenceTable::heard(const Row& theirs, std::vector<Announcement>& announcements) {
  Row* known = row(theirs.session);
  if (known == nullptr) {
    rows_.push_back(theirs);
    if (theirs.state == Presence::active && !theirs.is_unannounced)
      announcements.push_back(announce(Announcement::Kind::joined, rows_.back()));
    return;
  }
  const bool is_news = known->state == Presence::testing || known->is_unannounced;
  if (theirs.state == Presence::departing && known->state != Presence::departing)
    known->departing_since = theirs.departing_since;
  if (is_news && theirs.state != Presence::testing && !theirs.is_unannounced)
    announcements.push_back(announce(Announcement::Kind::joined, *known));
  else if (!is_news && theirs.state == Presence::active && known->state == Presence::departing)
    resumed(theirs.session, announcements);
  known->is_unannounced = is_news && theirs.is_unannounced;  // what was said before is over
  known->state = theirs.state;
  known->is_ours = theirs.is_ours;
}

void PresenceTable::remove(SessionId session) {
  if (const Row* const leaver = find(session)) erase(*leaver);
}

void PresenceTable::set_ours(SessionId session, bool is_ours) {
  if (Row* const changed = row(session)) changed->is_ours = is_ours;
}

TimePoint PresenceTable::deadline() const {
  TimePoint next = never;
  for (const Row& row : rows_) {
    if (row.state != Presence::departing || !row.is_ours || row.is_unannounced) continue;
    // It is due then at the earliest; asking each would make the loss of a large room cubic.
    if (row.departing_since + departure_grace < next) next = std::min(next, due(row));
  }
  return next;
}

void PresenceTable::on_deadline(TimePoint now, std::vector<Announcement>& announcements) {
  std::vector<SessionId> due_now;
  for (const Row& row : rows_)
    if (row.state == Presence::departing && row.is_ours && !row.is_unannounced && due(row) <= now)
      due_now.push_back(row.session);
  for (const SessionId session : due_now) {
    const Row* const leaver = find(session);
    announcements.push_back(announce(Announcement::Kind::left, *leaver));
    erase(*leaver);
  }
}

const PresenceTable::Row* PresenceTable::find(SessionId session) const {
  const auto found = std::ranges::find(rows_, session, &Row::session);
  return found == rows_.end() ? nullptr : &*found;
}

PresenceTable::Row* PresenceTable::row(SessionId session) {
  const auto found = std::ranges::find(rows_, session, &Row::session);
  return found == rows_.end() ? nullptr : &*found;
}

void PresenceTable::erase(const Row& row) { rows_.erase(rows_.begin() + (&row - rows_.data())); }

TimePoint PresenceTable::due(const Row& departing) const {
  TimePoint when = departing.departing_since + departure_grace;
  for (const Row& other : rows_)
    if (other.state == Presence::testing && other.user_id == departing.user_id)
      when = std::max(when, other.joined_at + testing_grace);
  return when;
}

}  // namespace parley
