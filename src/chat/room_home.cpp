#include "chat/room_home.h"

#include <algorithm>

#include "wire/notices.h"

namespace parley {

RoomHome::RoomHome(RoomId name, NoteSender& sender, RandomId random_id,
                   const RoomSurroundings& around)
    : name_(std::make_shared<const RoomId>(std::move(name))),
      sender_(sender),
      random_id_(std::move(random_id)),
      ended_meetings_close_(around.ended_meetings_close),
      fleet_(around.fleet) {
  if (around.record != nullptr) record_.emplace(name_, *around.record);
}

void RoomHome::join(const JoinNote& note, Now now) {
  now_ = now;
  add_connection(note.from.shard);
  if (fleet_ != nullptr && !std::exchange(has_entered_, true)) {
    fleet_->enter(name_);
    if (fleet_->connected()) ask(note);
  }
  if (must_be_recorded(note))
    record_->ask(note);
  else
    let_in(note, now);
}

void RoomHome::let_in(const JoinNote& note, Now now) {
  if (question_)
    question_->waiting.push_back(note);
  else
    admit(note, now);
}

void RoomHome::admit(const JoinNote& note, Now now) {
  Session* const living = find_resumable(note);
  if (living != nullptr)
    resume(*living, note, now);
  else
    join_anew(note, now);
}

void RoomHome::join_anew(const JoinNote& note, Now now) {
  Session session;
  session.id = new_id();
  session.identity = note.identity;
  session.resume = note.resume;
  session.connection = Connection{note.from, now.monotonic};
  session.joined =
      participant_joined(*name_, {session.id, note.identity.user_id, note.identity.display_name});
  const bool is_participant = note.identity.role == Role::participant;
  const bool starts_meeting = is_participant && !meeting_;
  if (starts_meeting) start_meeting(note.identity, now);
  if (is_participant)
    presence_.join(session.id, note.identity.user_id, note.identity.display_name, now.monotonic);
  welcome(session, note.from, Standing::testing, now);
  sessions_.push_back(std::move(session));
  if (starts_meeting)
    say_roster(/*is_question=*/false);
  else if (is_participant)
    say_changed(sessions_.back());
}

void RoomHome::resume(Session& session, const JoinNote& note, Now now) {
  const Connection newcomer{note.from, now.monotonic};
  if (session.is_ours() && !session.connection && !session.wanted_by) {
    session.connection = newcomer;
    session.is_inherited = false;
    // Before the welcome: the newcomer may publish as soon as that has reached its shard.
    std::vector<Announcement> announcements;
    presence_.resumed(session.id, announcements);
    announce(announcements);
    welcome(session, note.from, Standing::active, now);
    return;
  }
  // The latest of those that wait is the client's living one. If the one before was taking over,
  // the old connection has been told to go, and its end lets the latest in.
  if (session.waiting) send_away(*session.waiting);
  session.waiting = newcomer;
  welcome(session, note.from, Standing::waiting, now);
  const PresenceTable::Row* const row = presence_.find(session.id);
  if (!session.is_ours() && row != nullptr && row->state == Presence::departing) want(session);
}

void RoomHome::activate(ConnectionAt from, Now now) {
  now_ = now;
  Session* const session = find_by(from);
  if (session == nullptr) return;
  if (session->waiting && session->waiting->at == from) {
    if (std::exchange(session->waiting->takes_over, true)) return;
    if (session->connection)
      send_away(*session->connection);
    else if (!session->is_ours())
      want(*session);
    return;
  }
  std::vector<Announcement> announcements;
  presence_.first_packet(session->id, announcements);
  announce(announcements);
  sender_.tell(from.shard, StandingNote{from.connection, Standing::active});
  forget_departed();
}

void RoomHome::gone(ConnectionAt from, Now now) {
  now_ = now;
  remove_connection(from.shard);
  if (question_)
    std::erase_if(question_->waiting, [from](const JoinNote& note) { return note.from == from; });
  if (record_) record_->forget(from);
  Session* const session = find_by(from);
  if (session == nullptr) {
    settle_record();
    return;
  }
  if (session->waiting && session->waiting->at == from) {
    // If it has told the old connection to go and went itself, the old one's end decides.
    session->waiting.reset();
    return;
  }
  session->connection.reset();
  if (session->identity.role == Role::observer && !session->waiting) {
    std::erase_if(sessions_, [id = session->id](const Session& other) { return other.id == id; });
    return;
  }
  pass_on(*session);
  forget_departed();
}

/// Its connection has gone: it is another server's now, or who waits has it, or it departs.
void RoomHome::pass_on(Session& session) {
  if (session.wanted_by) {
    // As long as it claims a departure, only we hear what becomes of that.
    if (!session.claims) give(session, session.wanted_by);
    return;
  }
  if (session.waiting) {
    take_over(session);
    return;
  }
  depart(session);
}

void RoomHome::depart(Session& session) {
  const bool was_active = standing_of(session) == Standing::active;
  std::vector<Announcement> announcements;
  presence_.gone(session.id, now_.monotonic, announcements);
  announce(announcements);
  if (was_active)
    say_changed(session);
  else
    say(fleet::Removed{session.id});
}

void RoomHome::send_away(const Connection& connection) {
  sender_.tell(connection.at.shard, RemoveNote{connection.at.connection,
                                               EndReason::resumed_elsewhere, "resumed elsewhere"});
}

void RoomHome::take_over(Session& session) {
  session.connection = std::exchange(session.waiting, std::nullopt);
  const Connection& connection = *session.connection;
  if (connection.takes_over) {
    std::vector<Announcement> announcements;  // the packet that took over counts as the first
    presence_.first_packet(session.id, announcements);
    announce(announcements);
  }
  const Standing standing = connection.takes_over ? Standing::active : standing_of(session);
  sender_.tell(connection.at.shard, StandingNote{connection.at.connection, standing});
}

void RoomHome::route(const RouteNote& note) {
  bool found = false;
  bool found_elsewhere = false;
  for (const Session& session : sessions_) {
    const bool wanted = note.session ? session.id == note.session
                                     : session.identity.role == Role::participant &&
                                           session.identity.user_id == note.user_id;
    if (!wanted) continue;
    // Also when it cannot be asked, because it departs or asks itself: clients obey every request
    // they get, whoever it names, so telling everybody would cost each of them a keyframe.
    found = true;
    found_elsewhere |= !session.is_ours();
    if (!session.connection || session.connection->at.connection == note.from) continue;
    sender_.tell(session.connection->at.shard,
                 DeliverNote{name_, note.packet, {}, {session.connection->at.connection}});
  }
  if (note.session) {
    const Bytes packet = note.packet.wrapper();
    if (found_elsewhere) say(fleet::Congestion{note.session, {packet.begin(), packet.end()}});
    return;
  }
  if (!found) tell_everybody(note.packet, note.from);
  if (note.from && reach().elsewhere && (!found || found_elsewhere || fleet_->publishes_always()))
    publish(note.packet);
}

bool RoomHome::empty() const {
  return shards_ == 0 && std::ranges::none_of(sessions_, &Session::is_ours) &&
         !(record_ && record_->is_busy());
}

void RoomHome::close() {
  if (record_) record_->release();
  if (!std::exchange(has_entered_, false)) return;
  say(fleet::Left{});
  fleet_->leave(name_);
}

TimePoint RoomHome::deadline() const {
  const TimePoint answered = question_ ? question_->until : never;
  return std::min({presence_.deadline(), answered, next_sweep_});
}

void RoomHome::on_deadline(Now now) {
  now_ = now;
  if (question_ && question_->until <= now.monotonic) answer_question();
  if (next_sweep_ <= now.monotonic) sweep();
  std::vector<Announcement> announcements;
  presence_.on_deadline(now.monotonic, announcements);
  announce(announcements);
  forget_departed();
}

RoomHome::Session* RoomHome::find_resumable(const JoinNote& note) {
  if (!note.resume) return nullptr;
  for (Session& session : sessions_)
    if (session.resume && session.identity.role == note.identity.role &&
        session.identity.user_id == note.identity.user_id && *session.resume == *note.resume)
      return &session;
  return nullptr;
}

RoomHome::Session* RoomHome::find(SessionId id) {
  const auto found = std::ranges::find(sessions_, id, &Session::id);
  return found == sessions_.end() ? nullptr : &*found;
}

RoomHome::Session* RoomHome::find_by(ConnectionAt at) {
  const auto found = std::ranges::find_if(sessions_, [at](const Session& session) {
    return (session.connection && session.connection->at == at) ||
           (session.waiting && session.waiting->at == at);
  });
  return found == sessions_.end() ? nullptr : &*found;
}

SessionId RoomHome::new_id() {
  for (;;) {
    // The top bit is always set, as in the original: every id takes ten bytes on the wire.
    const SessionId id{random_id_() | (1ull << 63)};
    if (find(id) == nullptr) return id;
  }
}

void RoomHome::welcome(const Session& session, ConnectionAt to, Standing standing, Now now) {
  WelcomeNote note{to.connection, {}, reach()};
  note.welcome.session = session.id;
  note.welcome.start = meeting_ ? meeting_->start : now.unix;
  if (meeting_) note.welcome.creator = meeting_->creator_id;
  note.welcome.standing = standing;
  if (session.identity.role == Role::participant) {
    // Both lists are in order of joining, so one walk finds each active row's session.
    auto other = sessions_.begin();
    for (const PresenceTable::Row& row : presence_.rows()) {
      while (other != sessions_.end() && other->id != row.session) ++other;
      if (other == sessions_.end()) break;
      if (row.state == Presence::active && row.session != session.id)
        note.welcome.roster.push_back(other->joined);
    }
  }
  sender_.tell(to.shard, std::move(note));
}

void RoomHome::start_meeting(const Identity& creator, Now now) {
  meeting_ =
      FleetMeeting{now.unix, creator.user_id, fleet_ == nullptr ? InstanceId{} : fleet_->self()};
  if (record_ && record_->meeting()) {
    meeting_->start = record_->meeting()->started_at;
    meeting_->creator_id = record_->meeting()->creator_id;
  }
  // To observers, if there are any.
  tell_everybody(meeting_started(*name_, meeting_->start, meeting_->creator_id));
}

void RoomHome::announce(const std::vector<Announcement>& announcements) {
  for (const Announcement& announcement : announcements) {
    const Subject subject{announcement.session, announcement.user_id, announcement.display_name};
    switch (announcement.kind) {
      case Announcement::Kind::joined: {
        const Session& session = *find(announcement.session);
        tell_everybody(session.joined);
        if (session.is_ours()) publish(session.joined);
        break;
      }
      case Announcement::Kind::left: {
        const Packet left = participant_left(*name_, subject);
        tell_everybody(left);
        publish(left);
        break;
      }
      case Announcement::Kind::joined_silently: {
        const Session& session = *find(announcement.session);
        tell_late_joiners(session, announcement.since);
        const Session* const departed = find(announcement.departed);
        if (departed == nullptr || !departed->is_ours()) break;
        if (departed == &session)
          say_changed(session);
        else
          say(fleet::Succeeded{departed->id, session.id});
        break;
      }
      case Announcement::Kind::claims:
        claim(*find(announcement.session), announcement.departed);
        break;
    }
  }
}

void RoomHome::tell_late_joiners(const Session& session, TimePoint since) {
  for (const Session& other : sessions_) {
    if (other.id == session.id) continue;
    for (const auto& connection : {other.connection, other.waiting})
      if (connection && connection->welcomed_at >= since)
        sender_.tell(connection->at.shard,
                     DeliverNote{name_, session.joined, {}, {connection->at.connection}});
  }
}

void RoomHome::forget_departed() {
  // Both lists are in order of joining, so one walk finds each session's row.
  auto row = presence_.rows().begin();
  std::vector<JoinNote> bereft;  // whose session ended while they waited for it
  const auto forgotten = std::erase_if(sessions_, [&](const Session& session) {
    if (session.identity.role != Role::participant) return false;
    if (row == presence_.rows().end() || row->session != session.id) {
      if (session.waiting)
        bereft.push_back({session.waiting->at, session.identity, session.resume});
      return true;
    }
    ++row;
    return false;
  });
  // Not under the number of before: that has come and gone for the room.
  for (const JoinNote& note : bereft) admit(note, now_);
  if (presence_.empty() && !question_) meeting_.reset();
  if (forgotten > 0) settle_record();
}

void RoomHome::add_connection(ShardIndex shard) {
  if (connections_on_.size() <= shard) connections_on_.resize(shard + 1u);
  if (connections_on_[shard]++ > 0) return;
  tell_reach(std::exchange(shards_, shards_ | ShardSet{1} << shard));
}

void RoomHome::remove_connection(ShardIndex shard) {
  check(connections_on_.size() > shard && connections_on_[shard] > 0,
        "a connection leaves a room it never joined");
  if (--connections_on_[shard] > 0) return;
  shards_ &= ~(ShardSet{1} << shard);
  tell_reach(shards_);
}

void RoomHome::tell_reach(ShardSet to) {
  for (ShardIndex shard = 0; shard < shards_max; ++shard)
    if ((to >> shard & 1) != 0) sender_.tell(shard, ReachNote{name_, reach()});
}

Reach RoomHome::reach() const {
  return {shards_, fleet_ != nullptr && (fleet_->publishes_always() || knows_others())};
}

void RoomHome::tell_everybody(const Packet& packet, ConnectionId except) {
  for (ShardIndex shard = 0; shard < shards_max; ++shard)
    if ((shards_ >> shard & 1) != 0) sender_.tell(shard, DeliverNote{name_, packet, except, {}});
}

Standing RoomHome::standing_of(const Session& session) const {
  const PresenceTable::Row* const row = presence_.find(session.id);
  return row != nullptr && row->state == Presence::active ? Standing::active : Standing::testing;
}

}  // namespace parley
