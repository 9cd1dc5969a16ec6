#include "chat/room_home.h"

#include <algorithm>

#include "wire/notices.h"

namespace parley {

RoomHome::RoomHome(RoomId name, NoteSender& sender, RandomId random_id)
    : name_(std::make_shared<const RoomId>(std::move(name))),
      sender_(sender),
      random_id_(std::move(random_id)) {}

void RoomHome::join(const JoinNote& note, Now now) {
  add_connection(note.from.shard);
  Session* const living = find_resumable(note);
  if (living != nullptr)
    resume(*living, note, now);
  else
    join_anew(note, now);
}

void RoomHome::join_anew(const JoinNote& note, Now now) {
  Session session{new_id(),     note.identity, note.resume, Connection{note.from, now.monotonic},
                  std::nullopt, false,         {}};
  session.joined =
      participant_joined(*name_, {session.id, note.identity.user_id, note.identity.display_name});
  if (note.identity.role == Role::participant) {
    if (!meeting_) start_meeting(note.identity, now);
    presence_.join(session.id, note.identity.user_id, note.identity.display_name, now.monotonic);
  }
  welcome(session, note.from, Standing::testing, now);
  sessions_.push_back(std::move(session));
}

void RoomHome::resume(Session& session, const JoinNote& note, Now now) {
  const Connection newcomer{note.from, now.monotonic};
  if (!session.connection) {
    session.connection = newcomer;
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
  session.taking_over = false;
  session.waiting = newcomer;
  welcome(session, note.from, Standing::waiting, now);
}

void RoomHome::activate(ConnectionAt from) {
  Session* const session = find_by(from);
  if (session == nullptr) return;
  if (session->waiting && session->waiting->at == from) {
    if (session->taking_over) return;
    session->taking_over = true;
    send_away(*session->connection);
    return;
  }
  std::vector<Announcement> announcements;
  presence_.first_packet(session->id, announcements);
  announce(announcements);
  sender_.tell(from.shard, StandingNote{from.connection, Standing::active});
  forget_departed();
}

void RoomHome::gone(ConnectionAt from, Now now) {
  remove_connection(from.shard);
  Session* const session = find_by(from);
  if (session == nullptr) return;
  if (session->waiting && session->waiting->at == from) {
    session->waiting.reset();
    if (!session->taking_over) return;
    // It has told the old connection to go and went itself: the old one's end decides.
    session->taking_over = false;
    return;
  }
  session->connection.reset();
  if (session->waiting) {
    take_over(*session);
    return;
  }
  if (session->identity.role == Role::observer) {
    std::erase_if(sessions_, [id = session->id](const Session& other) { return other.id == id; });
    return;
  }
  std::vector<Announcement> announcements;
  presence_.gone(session->id, now.monotonic, announcements);
  announce(announcements);
  forget_departed();
}

void RoomHome::send_away(const Connection& connection) {
  sender_.tell(connection.at.shard, RemoveNote{connection.at.connection,
                                               EndReason::resumed_elsewhere, "resumed elsewhere"});
}

void RoomHome::take_over(Session& session) {
  session.connection = std::exchange(session.waiting, std::nullopt);
  const ConnectionAt at = session.connection->at;
  if (std::exchange(session.taking_over, false)) {
    std::vector<Announcement> announcements;  // the packet that took over counts as the first
    presence_.first_packet(session.id, announcements);
    announce(announcements);
    sender_.tell(at.shard, StandingNote{at.connection, Standing::active});
    forget_departed();
    return;
  }
  sender_.tell(at.shard, StandingNote{at.connection, standing_of(session)});
}

void RoomHome::route(const RouteNote& note) {
  bool found = false;
  for (const Session& session : sessions_) {
    const bool wanted = note.session ? session.id == note.session
                                     : session.identity.role == Role::participant &&
                                           session.identity.user_id == note.user_id;
    if (!wanted) continue;
    // Also when it cannot be asked, because it departs or asks itself: clients obey every request
    // they get, whoever it names, so telling everybody would cost each of them a keyframe.
    found = true;
    if (!session.connection || session.connection->at.connection == note.from) continue;
    sender_.tell(session.connection->at.shard,
                 DeliverNote{name_, note.packet, {}, {session.connection->at.connection}});
  }
  if (!found && !note.session) tell_everybody(note.packet, note.from);
}

void RoomHome::on_deadline(Now now) {
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
  WelcomeNote note{to.connection, {}, shards_};
  note.welcome.session = session.id;
  note.welcome.start = meeting_ ? meeting_->start : now.unix;
  if (meeting_) note.welcome.creator = meeting_->creator;
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
  meeting_ = Meeting{now.unix, creator.user_id};
  tell_everybody(meeting_started(*name_, now.unix, creator.user_id));  // observers, if any
}

void RoomHome::announce(const std::vector<Announcement>& announcements) {
  for (const Announcement& announcement : announcements) {
    const Subject subject{announcement.session, announcement.user_id, announcement.display_name};
    switch (announcement.kind) {
      case Announcement::Kind::joined:
        tell_everybody(find(announcement.session)->joined);
        break;
      case Announcement::Kind::left:
        tell_everybody(participant_left(*name_, subject));
        break;
      case Announcement::Kind::joined_silently: {
        const Packet& joined = find(announcement.session)->joined;
        for (const Session& other : sessions_) {
          if (other.id == announcement.session) continue;
          for (const auto& connection : {other.connection, other.waiting})
            if (connection && connection->welcomed_at >= announcement.since)
              sender_.tell(connection->at.shard,
                           DeliverNote{name_, joined, {}, {connection->at.connection}});
        }
        break;
      }
    }
  }
}

void RoomHome::forget_departed() {
  // Both lists are in order of joining, so one walk finds each session's row.
  auto row = presence_.rows().begin();
  std::erase_if(sessions_, [&](const Session& session) {
    if (session.identity.role != Role::participant) return false;
    if (row == presence_.rows().end() || row->session != session.id) return true;
    ++row;
    return false;
  });
  if (presence_.empty()) meeting_.reset();
}

void RoomHome::add_connection(ShardIndex shard) {
  if (connections_on_.size() <= shard) connections_on_.resize(shard + 1u);
  if (connections_on_[shard]++ > 0) return;
  const ShardSet before = shards_;
  shards_ |= ShardSet{1} << shard;
  for (ShardIndex other = 0; other < shards_max; ++other)
    if ((before >> other & 1) != 0) sender_.tell(other, ShardsNote{name_, shards_});
}

void RoomHome::remove_connection(ShardIndex shard) {
  check(connections_on_.size() > shard && connections_on_[shard] > 0,
        "a connection leaves a room it never joined");
  if (--connections_on_[shard] > 0) return;
  shards_ &= ~(ShardSet{1} << shard);
  for (ShardIndex other = 0; other < shards_max; ++other)
    if ((shards_ >> other & 1) != 0) sender_.tell(other, ShardsNote{name_, shards_});
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
