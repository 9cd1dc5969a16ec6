#include "wire/notices.h"

#include <string>

#include "wire/parse_message.h"
#include "wire/proto/packet.pb.h"

namespace parley {
namespace {

Packet notice(const proto::PacketWrapper& wrapper, PacketType type) {
  BufferBuilder builder(packet_headroom + wrapper.ByteSizeLong());
  builder.extend(packet_headroom);
  const MutableBytes space = builder.extend(builder.room());
  wrapper.SerializeWithCachedSizesToArray(space.data());
  PacketFacts facts;
  facts.type = type;
  facts.packet_class = PacketClass::control;
  facts.from_server = true;
  return Packet::seal(std::move(builder), facts);
}

Packet meeting_notice(const proto::MeetingPacket& event) {
  proto::PacketWrapper wrapper;
  wrapper.set_packet_type(proto::MEETING);
  wrapper.set_user_id(std::string(system_user_id));
  event.SerializeToString(wrapper.mutable_data());
  return notice(wrapper, PacketType::meeting);
}

Packet presence_notice(proto::MeetingEventType type, const RoomId& room, const Subject& subject,
                       std::string_view what_happened) {
  proto::MeetingPacket event;
  event.set_event_type(type);
  event.set_room_id(room.value);
  event.set_message(std::string(subject.user_id).append(what_happened));
  event.set_target_user_id(std::string(subject.user_id));
  event.set_session_id(subject.session.value);
  event.set_display_name(std::string(subject.display_name));
  return meeting_notice(event);
}

}  // namespace

std::optional<MeetingEvent> read_meeting_event(Bytes data) {
  proto::MeetingPacket packet;
  if (!parse_message(data, packet)) return std::nullopt;
  MeetingEvent event;
  if (packet.event_type() == proto::PARTICIPANT_JOINED) event.kind = MeetingEvent::Kind::joined;
  if (packet.event_type() == proto::PARTICIPANT_LEFT) event.kind = MeetingEvent::Kind::left;
  if (packet.event_type() == proto::MEETING_ENDED) event.kind = MeetingEvent::Kind::ended;
  event.session = {packet.session_id()};
  event.user_id = packet.target_user_id();
  event.display_name = packet.display_name();
  if (event.user_id.size() > id_bytes_max || event.display_name.size() > id_bytes_max)
    return std::nullopt;
  return event;
}

Packet session_assigned(SessionId session) {
  proto::PacketWrapper wrapper;
  wrapper.set_packet_type(proto::SESSION_ASSIGNED);
  wrapper.set_user_id(std::string(system_user_id));
  wrapper.set_session_id(session.value);
  return notice(wrapper, PacketType::session_assigned);
}

Packet meeting_started(const RoomId& room, UnixMillis start, std::string_view creator_id) {
  proto::MeetingPacket event;
  event.set_event_type(proto::MEETING_STARTED);
  event.set_room_id(room.value);
  event.set_start_time_ms(start.count);
  event.set_creator_id(std::string(creator_id));
  return meeting_notice(event);
}

Packet meeting_ended(const RoomId& room, std::string_view message) {
  proto::MeetingPacket event;
  event.set_event_type(proto::MEETING_ENDED);
  event.set_room_id(room.value);
  event.set_message(std::string(message));
  return meeting_notice(event);
}

Packet participant_joined(const RoomId& room, const Subject& subject) {
  return presence_notice(proto::PARTICIPANT_JOINED, room, subject, " has joined the meeting");
}

Packet participant_left(const RoomId& room, const Subject& subject) {
  return presence_notice(proto::PARTICIPANT_LEFT, room, subject, " has left the meeting");
}

Packet congestion(SessionId sender, std::string_view receiver_user_id) {
  proto::PacketWrapper wrapper;
  wrapper.set_packet_type(proto::CONGESTION);
  wrapper.set_user_id(std::string(receiver_user_id));
  wrapper.set_session_id(sender.value);
  return notice(wrapper, PacketType::congestion);
}

}  // namespace parley
