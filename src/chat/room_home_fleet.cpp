// RoomHome: what other servers say of the room, and what they are told. See chat/presence.h for the
// rules, which hold over all servers; a session is the business of the server that holds its
// connection or its departure, and only that one publishes its JOINED and LEFT.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "chat/room_home.h"

namespace parley {
namespace {

/// Sessions of other servers in one room; more are not listed.
constexpr std::size_t sessions_elsewhere_max = 10'000;

/// No more than a fleet has: a liar would have us wait for a crowd.
void add_missing(std::vector<InstanceId>& servers, const std::vector<InstanceId>& more) {
  for (const InstanceId server : more)
    if (servers.size() < fleet_servers_max && std::ranges::find(servers, server) == servers.end())
      servers.push_back(server);
}

/// A server's own word, as it is queued for clients.
void as_notice(PacketFacts& facts) {
  facts.from_server = true;
  facts.packet_class = PacketClass::control;
}

}  // namespace

// --- What is said.

void RoomHome::ask(const JoinNote& note) {
  question_ = Question{now_.monotonic + question_time, false, {}, {}, {}};
  // What the meeting is if nobody knows it.
  if (note.identity.role == Role::participant && !record_)
    meeting_ = FleetMeeting{now_.unix, note.identity.user_id, fleet_->self()};
  say_roster(/*is_question=*/true);
}

void RoomHome::answer_question() {
  const Question asked = *std::exchange(question_, std::nullopt);
  if (meeting_ && meeting_->claimant == fleet_->self() && presence_.empty()) {
    // Who had asked may have gone meanwhile.
    const auto first = std::ranges::find(asked.waiting, Role::participant,
                                         [](const JoinNote& note) { return note.identity.role; });
    if (first == asked.waiting.end())
      meeting_.reset();
    else
      meeting_->creator_id = first->identity.user_id;
  }
  for (const JoinNote& note : asked.waiting) admit(note, now_);
}

/// All who are known to have the room have said what they have.
void RoomHome::check_question() {
  if (!question_ || !question_->is_known) return;
  const auto has_answered = [this](InstanceId server) {
    return server == fleet_->self() ||
           std::ranges::find(question_->answered, server) != question_->answered.end();
  };
  if (std::ranges::all_of(others_, has_answered) &&
      std::ranges::all_of(question_->awaited, has_answered))
    answer_question();
}

void RoomHome::on_nobody_answers(Now now) {
  now_ = now;
  if (question_ && others_.empty()) answer_question();
}

void RoomHome::say(fleet::What what) {
  if (fleet_ != nullptr) fleet_->say(name_, std::move(what));
}

void RoomHome::say_roster(bool is_question) {
  if (fleet_ == nullptr) return;
  fleet::Roster roster{is_question, meeting_, {}, others_};
  for (const Session& session : sessions_) {
    if (session.is_wanted) roster.wanted.push_back(session.id);
    if (session.is_ours() && session.identity.role == Role::participant)
      roster.sessions.push_back(fleet_session(session));
  }
  say(std::move(roster));
}

void RoomHome::say_changed(const Session& session) {
  if (fleet_ != nullptr) say(fleet::Changed{fleet_session(session)});
}

void RoomHome::publish(const Packet& notice) {
  if (fleet_ != nullptr && reach().elsewhere) fleet_->publish(name_, notice, nullptr);
}

FleetSession RoomHome::fleet_session(const Session& session) const {
  FleetSession said{session.id,
                    session.identity.user_id,
                    session.identity.display_name,
                    FleetState::testing,
                    {},
                    session.resume,
                    false};
  if (const PresenceTable::Row* const row = presence_.find(session.id)) {
    said.state = state_of(row->state);
    said.is_unannounced = row->is_unannounced;
    if (row->state == Presence::departing)
      said.departing_for =
          std::chrono::duration_cast<Millis>(now_.monotonic - row->departing_since);
  }
  return said;
}

// --- Packets.

Passage RoomHome::on_packet(FleetPacket& packet, Now now) {
  now_ = now;
  PacketFacts& facts = packet.verdict.facts;
  facts.sender = packet.verdict.said_by;
  switch (packet.verdict.action) {
    case Action::drop_malformed:
      return Passage::malformed;
    case Action::drop_forged:
      if (facts.type == PacketType::meeting && packet.is_notice) return hear_notice(packet);
      if (facts.type != PacketType::congestion) return Passage::forged;
      as_notice(facts);
      deliver_congestion(facts.sender, Packet::seal(std::move(packet.message), facts));
      return Passage::done;
    case Action::echo:
    case Action::report_health:
      return Passage::forged;  // no server gives these to a room
    case Action::request_keyframe:
    case Action::relay:
      break;
  }
  if (!note_sender(facts)) return Passage::forged;
  if (packet.verdict.action == Action::relay) return Passage::everybody;
  const std::string wanted(as_text(packet.verdict.keyframe_of));
  route({name_, {}, Packet::seal(std::move(packet.message), facts), wanted, {}});
  return Passage::done;
}

/// False if the session is one of ours: nobody else may speak for it.
bool RoomHome::note_sender(PacketFacts& facts) {
  auto sender = senders_.find(facts.sender);
  if (sender == senders_.end()) {
    const Session* const session = find(facts.sender);
    if (session != nullptr && session->is_ours()) return false;
    if (senders_.size() >= senders_max) return true;
    const bool knew_others = knows_others();
    sender = senders_.emplace(facts.sender, Sender{}).first;
    if (!knew_others) tell_reach(shards_);
    next_sweep_ = std::min(next_sweep_, now_.monotonic + sweep_period);
  }
  sender->second.heard_at = now_.monotonic;
  if (facts.media != MediaType::video && facts.media != MediaType::screen) return true;
  bool& seen = facts.media == MediaType::video ? sender->second.video_keyframe_seen
                                               : sender->second.screen_keyframe_seen;
  seen = seen || facts.is_keyframe;
  facts.keyframes_seen = seen;
  return true;
}

Passage RoomHome::hear_notice(FleetPacket& packet) {
  const auto event = read_meeting_event(packet.verdict.inner);
  if (!event) return Passage::malformed;
  PacketFacts& facts = packet.verdict.facts;
  as_notice(facts);
  const bool ends_meeting = event->kind == MeetingEvent::Kind::ended && record_;
  if (ends_meeting) {
    end_meeting(Packet::seal(std::move(packet.message), facts));
    return Passage::done;
  }
  const bool is_about_session =
      event->kind == MeetingEvent::Kind::joined || event->kind == MeetingEvent::Kind::left;
  if (!is_about_session) return Passage::everybody;
  const Session* const session = find(event->session);
  if (!event->session || event->user_id.empty()) return Passage::forged;
  if (session != nullptr && session->is_ours()) {
    // A server may have said so that thought us dead. The others are to know better.
    const bool lives = session->connection && session->identity.role == Role::participant;
    if (event->kind == MeetingEvent::Kind::left && lives) say_changed(*session);
    return Passage::forged;
  }
  if (event->kind == MeetingEvent::Kind::joined)
    hear_joined(*event, Packet::seal(std::move(packet.message), facts));
  else
    lose(event->session, /*is_announced=*/true);
  forget_departed();
  return Passage::done;
}

void RoomHome::hear_joined(const MeetingEvent& event, Packet joined) {
  FleetSession said{event.session, event.user_id, event.display_name, FleetState::active, {}, {},
                    false};
  InstanceId server = strange_server;
  if (const Session* const known = find(event.session)) {
    said = fleet_session(*known);
    // Who went before his server knew that he had to be announced is announced as gone.
    if (said.state != FleetState::departing) said.state = FleetState::active;
    said.is_unannounced = false;
    server = known->server;
  }
  hear_session(server, said, std::move(joined));
}

void RoomHome::deliver_congestion(SessionId to, const Packet& packet) {
  const Session* const session = find(to);
  if (session == nullptr || !session->connection) return;
  sender_.tell(session->connection->at.shard,
               DeliverNote{name_, packet, {}, {session->connection->at.connection}});
}

// --- What is heard.

void RoomHome::on_saying(const FleetMessage& message, Now now) {
  now_ = now;
  if (message.from == fleet_->self()) return;
  if (!std::holds_alternative<fleet::Left>(message.what)) note_server(message.from);
  std::visit([&](const auto& what) { hear(message.from, what); }, message.what);
  forget_departed();
}

void RoomHome::on_reconnected(Now now) {
  now_ = now;
  if (!has_entered_) return;
  say_roster(/*is_question=*/true);
  for (Session& session : sessions_) {
    if (!session.claims) continue;
    const Session* const departed = find(session.claims);
    if (departed != nullptr && !departed->is_ours())
      claim(session, session.claims);
    else
      settle_claims(session.claims);  // nobody is left to answer
  }
}

void RoomHome::on_silent(InstanceId server, Now now) {
  now_ = now;
  forget_server(server);
  forget_departed();
}

void RoomHome::hear(InstanceId from, const fleet::Roster& roster) {
  if (roster.meeting) hear_meeting(*roster.meeting);
  std::unordered_set<SessionId> held;
  for (const FleetSession& session : roster.sessions) {
    hear_session(from, session, {});
    held.insert(session.session);
  }
  held.insert(roster.wanted.begin(), roster.wanted.end());  // if it holds it: it may not know yet
  std::vector<SessionId> lost;
  bool was_wanted = false;
  for (const Session& session : sessions_) {
    if (session.server != from || !roster.covers(session.id) || held.contains(session.id)) continue;
    lost.push_back(session.id);
    was_wanted |= session.is_wanted;
  }
  for (const SessionId session : lost) lose(session, /*is_announced=*/true);
  // We may have been given it without hearing so: for the others it would stay ours.
  if (was_wanted) say_roster(/*is_question=*/false);

  if (!roster.is_last_part()) return;
  if (roster.is_question) say_roster(/*is_question=*/false);
  if (!question_) return;
  add_missing(question_->answered, {from});
  question_->is_known |= !roster.is_question;  // who asks itself does not know the others yet
  add_missing(question_->awaited, roster.others);
  check_question();
}

void RoomHome::hear_meeting(const FleetMeeting& meeting) {
  if (!meeting_) {
    meeting_ = meeting;
    tell_everybody(meeting_started(*name_, meeting.start, meeting.creator_id));  // observers
  } else if (meeting.is_before(*meeting_)) {
    meeting_ = meeting;  // for those who join from now on
  }
}

void RoomHome::hear_session(InstanceId server, const FleetSession& said, Packet joined) {
  Session* known = find(said.session);
  // Whose it is speaks for it, or whose it was until that fell silent; and who has its connection
  // knows better than whoever, another heir perhaps, took it for gone.
  const PresenceTable::Row* const row = presence_.find(said.session);
  const bool lives_after_all = row != nullptr && !row->is_ours &&
                               row->state == Presence::departing &&
                               said.state != FleetState::departing;
  const bool is_theirs = known == nullptr || known->server == server || known->is_inherited ||
                         known->server == strange_server || lives_after_all;
  if (!is_theirs) return;
  if (said.user_id == system_user_id) return;
  if (known == nullptr) {
    if (sessions_.size() >= sessions_elsewhere_max) return;
    known = &sessions_.emplace_back();
    known->id = said.session;
    known->identity = {*name_, said.user_id, said.display_name, Role::participant, false};
    known->joined = participant_joined(*name_, {said.session, said.user_id, said.display_name});
  }
  if (!joined.empty()) known->joined = std::move(joined);
  known->server = server;
  known->is_inherited = false;
  known->resume = said.resume;
  note_state(*known, presence_of(said.state), now_.monotonic - said.departing_for,
             said.is_unannounced);
  if (server == strange_server) {
    senders_[said.session].heard_at = now_.monotonic;
    next_sweep_ = std::min(next_sweep_, now_.monotonic + sweep_period);
    tell_reach(shards_);
  }
  // Also if it was asked for before: that may have been lost.
  if (known->waiting && (said.state == FleetState::departing || known->is_wanted)) want(*known);
}

void RoomHome::hear(InstanceId from, const fleet::Changed& changed) {
  hear_session(from, changed.session, {});
}

void RoomHome::hear(InstanceId from, const fleet::Removed& removed) {
  const Session* const session = find(removed.session);
  if (session != nullptr && session->server == from) lose(removed.session, /*is_announced=*/false);
}

void RoomHome::hear(InstanceId from, const fleet::Left& /*left*/) { forget_server(from); }

void RoomHome::hear(InstanceId /*from*/, const fleet::Claims& claims) {
  if (claims.asked != fleet_->self()) return;
  const Session* const departed = find(claims.departed);
  const PresenceTable::Row* const row = presence_.find(claims.departed);
  const bool is_granted = departed != nullptr && departed->is_ours() && row != nullptr &&
                          row->state == Presence::departing && !row->is_unannounced;
  if (!is_granted) {
    say(fleet::Denied{claims.departed, claims.successor});
    return;
  }
  say(fleet::Succeeded{claims.departed, claims.successor});
  std::vector<Announcement> announcements;
  presence_.succeeded(claims.departed, claims.successor, announcements);
  forget_departed();
  announce(announcements);
}

void RoomHome::hear(InstanceId from, const fleet::Succeeded& succeeded) {
  const Session* const departed = find(succeeded.departed);
  if (departed == nullptr || departed->server != from) return;
  std::vector<Announcement> announcements;
  presence_.succeeded(succeeded.departed, succeeded.successor, announcements);
  announce(announcements);
  settle_claims(succeeded.departed);
}

void RoomHome::hear(InstanceId /*from*/, const fleet::Denied& denied) {
  settle_claims(denied.departed, denied.successor);
}

void RoomHome::hear(InstanceId from, const fleet::Wanted& wanted) {
  Session* const session = find(wanted.session);
  if (session == nullptr || !session->is_ours() || presence_.find(wanted.session) == nullptr)
    return;
  // The latest of those that resume is the client's living one.
  if (session->waiting) send_away(*std::exchange(session->waiting, std::nullopt));
  session->wanted_by = from;
  if (session->connection)
    send_away(*session->connection);
  else
    pass_on(*session);
}

void RoomHome::hear(InstanceId from, const fleet::Given& given) {
  Session* const session = find(given.session);
  if (session == nullptr || session->server != from) return;
  if (given.to == fleet_->self()) {
    get(*session, given.state);
    return;
  }
  session->server = given.to;  // whom our asking may reach, too: it stays wanted
  hear_session(given.to,
               {session->id,
                session->identity.user_id,
                session->identity.display_name,
                given.state,
                {},
                session->resume,
                false},
               {});
  if (std::ranges::find(others_, given.to) == others_.end())
    inherit(*session);  // which has left since it asked for it
}

void RoomHome::hear(InstanceId /*from*/, const fleet::Congestion& congestion) {
  PacketFacts facts = judge(congestion.packet).facts;
  if (facts.type != PacketType::congestion) return;
  as_notice(facts);
  deliver_congestion(congestion.session, Packet::copy_of(congestion.packet, facts));
}

void RoomHome::hear(InstanceId /*from*/, const fleet::Alive& /*alive*/) {}

}  // namespace parley
