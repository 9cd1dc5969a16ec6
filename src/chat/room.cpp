#include "chat/room.h"

#include <algorithm>

namespace parley {
namespace {

bool wants(Interest interest, const PacketFacts& facts) {
  switch (interest) {
    case Interest::everything:
      return true;
    case Interest::no_media:
      return facts.type != PacketType::media;
    case Interest::notices:
      return facts.from_server;
  }
  return false;
}

}  // namespace

void Room::add(ConnectionId connection, Participant& participant, Interest interest) {
  check(!walking_, "a room changes while it is walked");
  members_.push_back({connection, &participant, interest});
}

void Room::remove(ConnectionId connection) {
  check(!walking_, "a room changes while it is walked");
  const auto member = find(connection);
  if (member == members_.end()) return;
  *member = members_.back();
  members_.pop_back();
}

void Room::set_interest(ConnectionId connection, Interest interest) {
  const auto member = find(connection);
  if (member != members_.end()) member->interest = interest;
}

void Room::fan_out(const Packet& packet, ConnectionId except, TimePoint now) {
  walking_ = true;
  for (const Member& member : members_)
    if (member.connection != except && wants(member.interest, packet.facts()))
      member.participant->deliver(packet, now);
  walking_ = false;
}

void Room::deliver_to(ConnectionId connection, const Packet& packet, TimePoint now) {
  const auto member = find(connection);
  if (member != members_.end() && wants(member->interest, packet.facts()))
    member->participant->deliver(packet, now);
}

std::vector<Room::Member>::iterator Room::find(ConnectionId connection) {
  return std::ranges::find(members_, connection, &Member::connection);
}

}  // namespace parley
