#include "chat/chat_server.h"

#include <utility>

namespace parley {
namespace {

Interest interest_of(Role role, Standing standing) {
  if (standing == Standing::waiting) return Interest::notices;
  return role == Role::observer ? Interest::no_media : Interest::everything;
}

}  // namespace

ChatServer::ChatServer(ShardIndex self, Bus& bus, ShardStats& stats, RoomHome::RandomId random_id,
                       const RoomSurroundings& around)
    : self_(self), bus_(bus), stats_(stats), random_id_(std::move(random_id)), around_(around) {}

ChatServer::~ChatServer() { check(members_.empty(), "a shard's rooms end before its sessions"); }

Membership ChatServer::join(const Identity& identity, const std::optional<ResumeKey>& resume,
                            Participant& participant, Now now) {
  now_ = now;
  const ConnectionId connection{(static_cast<std::uint64_t>(self_) << 48) | ++connections_made_};
  members_[connection] = {&participant,
                          std::make_shared<const RoomId>(identity.room),
                          nullptr,
                          identity.role,
                          std::make_shared<Transit>(),
                          around_.fleet == nullptr ? nullptr : std::make_shared<Transit>()};
  tell_home(identity.room, JoinNote{{self_, connection}, identity, resume});
  run_own_notes();
  return {*this, connection};
}

void ChatServer::handle(Note note, Now now) {
  now_ = now;
  std::visit([this](auto& kind) { on(kind); }, note);
  run_own_notes();
}

void ChatServer::handle(const RoomPacket& packet, Now now) {
  const auto found = rooms_.find(*packet.room);
  if (found != rooms_.end()) found->second->fan_out(packet.packet, {}, now.monotonic);
  if (packet.transit != nullptr && packet.transit->arrive(packet.packet.size()))
    bus_.tell(packet.from.shard, GoOnNote{packet.from.connection});
}

void ChatServer::handle(FleetPacket packet, Now now) {
  now_ = now;
  const auto home = homes_.find(*packet.room);
  if (home == homes_.end()) return;
  const Passage passage = home->second.home.on_packet(packet, now);
  // Media changes nothing at home, and comes too often to ask.
  if (passage == Passage::done) after_home_change(home);
  switch (passage) {
    case Passage::everybody:
      spread(home->second.home, packet.room,
             Packet::seal(std::move(packet.message), packet.verdict.facts), now);
      break;
    case Passage::forged:
      stats_.discard(DiscardReason::forged).add();
      break;
    case Passage::malformed:
      stats_.discard(DiscardReason::malformed).add();
      break;
    case Passage::done:
      break;
  }
  run_own_notes();
}

/// To all members in this process.
void ChatServer::spread(const RoomHome& home, const RoomName& name, const Packet& packet, Now now) {
  for (ShardIndex shard = 0; shard < bus_.shards(); ++shard) {
    if ((home.shards() >> shard & 1) == 0) continue;
    if (shard == self_) {
      const auto room = rooms_.find(*name);
      if (room != rooms_.end()) room->second->fan_out(packet, {}, now.monotonic);
    } else if (!bus_.offer(shard, {name, packet, {}, nullptr, false})) {
      stats_.drop(DropReason::mailbox_full).add();
    }
  }
}

void ChatServer::handle(const FleetSaying& saying, Now now) {
  now_ = now;
  at_home(*saying.room, [&](RoomHome& home) { home.on_saying(saying.message, now); });
  run_own_notes();
}

void ChatServer::leave_fleet(Now now) {
  now_ = now;
  at_all_homes([](RoomHome& home) { home.close(); });
  run_own_notes();
}

void ChatServer::on_nobody_answers(const RoomId& room, Now now) {
  now_ = now;
  at_home(room, [now](RoomHome& home) { home.on_nobody_answers(now); });
  run_own_notes();
}

void ChatServer::on_server_silent(InstanceId server, Now now) {
  now_ = now;
  at_all_homes([&](RoomHome& home) { home.on_silent(server, now); });
  run_own_notes();
}

void ChatServer::on_fleet_reconnected(Now now) {
  now_ = now;
  at_all_homes([now](RoomHome& home) { home.on_reconnected(now); });
  run_own_notes();
}

TimePoint ChatServer::deadline() const {
  return deadlines_.empty() ? never : deadlines_.begin()->first;
}

void ChatServer::on_deadline(Now now) {
  now_ = now;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.monotonic) {
    const auto home = homes_.find(deadlines_.begin()->second);
    schedule(home, never);
    home->second.home.on_deadline(now);
    after_home_change(home);
  }
  run_own_notes();
}

void ChatServer::activate(ConnectionId connection, Now now) {
  now_ = now;
  const Member* const member = find(connection);
  if (member == nullptr || member->room == nullptr) return;
  tell_home(*member->room_name, ActivateNote{member->room_name, {self_, connection}});
  run_own_notes();
}

bool ChatServer::publish(ConnectionId connection, const Packet& packet, Now now) {
  const Member* const member = find(connection);
  if (member == nullptr || member->room == nullptr) return true;
  Room& room = *member->room;
  room.fan_out(packet, connection, now.monotonic);
  if (room.reach().elsewhere && !around_.fleet->publish(room.name(), packet, member->to_fleet))
    stats_.drop(DropReason::bus_full).add();
  const ShardSet others = room.reach().shards & ~(ShardSet{1} << self_);
  if (others == 0) return true;
  Transit& transit = *member->transit;
  send_to(others,
          {room.name(), packet, {self_, connection}, member->transit, transit.bytes() == 0});
  return !transit.pause();
}

void ChatServer::send_to(ShardSet shards, const RoomPacket& packet) {
  for (ShardIndex shard = 0; shards != 0; ++shard, shards >>= 1) {
    if ((shards & 1) == 0) continue;
    packet.transit->depart(packet.packet.size());
    if (bus_.offer(shard, packet)) continue;
    packet.transit->cancel(packet.packet.size());
    stats_.drop(DropReason::mailbox_full).add();
  }
}

void ChatServer::route(ConnectionId connection, const Packet& packet, std::string_view user_id,
                       SessionId session, Now now) {
  now_ = now;
  const Member* const member = find(connection);
  if (member == nullptr || member->room == nullptr) return;
  tell_home(*member->room_name,
            RouteNote{member->room_name, connection, packet, std::string(user_id), session});
  run_own_notes();
}

void ChatServer::leave(ConnectionId connection, Now now) {
  now_ = now;
  const auto found = members_.find(connection);
  if (found == members_.end()) return;
  const Member member = std::move(found->second);
  members_.erase(found);
  detach(connection, member);
  run_own_notes();
}

void ChatServer::detach(ConnectionId connection, const Member& member) {
  if (member.room != nullptr) {
    member.room->remove(connection);
    if (member.room->empty()) {
      rooms_.erase(*member.room_name);
      stats_.rooms.subtract();
    }
  }
  tell_home(*member.room_name, GoneNote{member.room_name, {self_, connection}});
}

void ChatServer::tell(ShardIndex to, Note note) {
  if (to == self_)
    own_notes_.push_back(std::move(note));
  else
    bus_.tell(to, std::move(note));
}

void ChatServer::tell_home(const RoomId& room, Note note) {
  tell(home_of(room, bus_.shards()), std::move(note));
}

void ChatServer::run_own_notes() {
  if (std::exchange(running_, true)) return;  // the outermost call runs them
  while (!own_notes_.empty()) {
    Note note = std::move(own_notes_.front());
    own_notes_.pop_front();
    std::visit([this](auto& kind) { on(kind); }, note);
  }
  running_ = false;
}

void ChatServer::on(JoinNote& note) {
  const RoomId& room = note.identity.room;
  auto home = homes_.find(room);
  if (home == homes_.end())
    home = homes_.emplace(room, Home{RoomHome(room, *this, random_id_, around_), {}}).first;
  home->second.home.join(note, now_);
  after_home_change(home);
}

void ChatServer::on(ActivateNote& note) {
  at_home(*note.room, [&](RoomHome& home) { home.activate(note.from, now_); });
}

void ChatServer::on(GoneNote& note) {
  at_home(*note.room, [&](RoomHome& home) { home.gone(note.from, now_); });
}

void ChatServer::on(RouteNote& note) {
  const auto home = homes_.find(*note.room);
  if (home != homes_.end()) home->second.home.route(note);
}

void ChatServer::on(RecordedNote& note) {
  at_home(*note.room, [&](RoomHome& home) { home.on_recorded(note, now_); });
}

void ChatServer::on(EndedNote& note) {
  at_home(*note.room, [&](RoomHome& home) { home.on_ended(note, now_); });
}

void ChatServer::on(WelcomeNote& note) {
  Member* const member = find(note.connection);
  if (member == nullptr) return;  // left meanwhile; its GoneNote is on the way
  auto& room = rooms_[*member->room_name];
  if (room == nullptr) {
    room = std::make_unique<Room>(*member->room_name);
    stats_.rooms.add();
  }
  room->set_reach(note.reach);
  const Interest interest = interest_of(member->role, note.welcome.standing);
  if (std::exchange(member->room, room.get()) == nullptr)
    room->add(note.connection, *member->participant, interest);
  else  // a second welcome: the session for which it waited has ended
    room->set_interest(note.connection, interest);
  member->participant->on_welcome(note.welcome, now_);
}

void ChatServer::on(StandingNote& note) {
  Member* const member = find(note.connection);
  if (member == nullptr || member->room == nullptr) return;
  member->room->set_interest(note.connection, interest_of(member->role, note.standing));
  member->participant->on_standing(note.standing, now_);
}

void ChatServer::on(RemoveNote& note) {
  const auto found = members_.find(note.connection);
  if (found == members_.end()) return;
  const Member member = std::move(found->second);
  members_.erase(found);
  detach(note.connection, member);
  member.participant->on_removed(note.reason, note.text, now_);
}

void ChatServer::on(ReachNote& note) {
  const auto found = rooms_.find(*note.room);
  if (found != rooms_.end()) found->second->set_reach(note.reach);
}

void ChatServer::on(DeliverNote& note) {
  const auto found = rooms_.find(*note.room);
  if (found == rooms_.end()) return;
  if (note.only.empty()) {
    found->second->fan_out(note.packet, note.except, now_.monotonic);
    return;
  }
  for (const ConnectionId connection : note.only)
    found->second->deliver_to(connection, note.packet, now_.monotonic);
}

void ChatServer::on(GoOnNote& note) {
  Member* const member = find(note.connection);
  if (member != nullptr) member->participant->on_go_on();
}

ChatServer::Member* ChatServer::find(ConnectionId connection) {
  const auto found = members_.find(connection);
  return found == members_.end() ? nullptr : &found->second;
}

template <class Act>
void ChatServer::at_home(const RoomId& room, Act act) {
  const auto home = homes_.find(room);
  if (home == homes_.end()) return;
  act(home->second.home);
  after_home_change(home);
}

template <class Act>
void ChatServer::at_all_homes(Act act) {
  for (auto place = homes_.begin(); place != homes_.end();) {
    const auto home = place++;  // it may be forgotten
    act(home->second.home);
    after_home_change(home);
  }
}

void ChatServer::after_home_change(Homes::iterator place) {
  RoomHome& home = place->second.home;
  if (home.empty()) {
    home.close();
    schedule(place, never);
    homes_.erase(place);
    return;
  }
  schedule(place, home.deadline());
}

void ChatServer::schedule(Homes::iterator place, TimePoint deadline) {
  auto& scheduled = place->second.scheduled;
  if (scheduled && (*scheduled)->first == deadline) return;
  if (scheduled) deadlines_.erase(*scheduled);
  scheduled.reset();
  if (deadline != never) scheduled = deadlines_.emplace(deadline, place->first);
}

}  // namespace parley
