#pragma once
// What the server itself says to clients. Byte for byte as the public servers say it
// (docs/PROTOCOL.md); every notice is control and from nobody (session_id 0) unless it says other.

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "wire/packet.h"

namespace parley {

/// Who a JOINED or LEFT is about.
struct Subject {
  SessionId session;
  std::string_view user_id;
  std::string_view display_name;
};

/// What a MEETING packet says, as far as servers act on it.
struct MeetingEvent {
  enum class Kind : std::uint8_t { joined, left, ended, other };
  Kind kind = Kind::other;
  SessionId session;
  std::string user_id;
  std::string display_name;
};

/// Reads the data of a MEETING envelope; nothing if it cannot be read or a name is too long.
std::optional<MeetingEvent> read_meeting_event(Bytes data);

/// The first packet of every session: its own id, in the envelope.
Packet session_assigned(SessionId session);
/// When the meeting in `room` began and who began it.
Packet meeting_started(const RoomId& room, UnixMillis start, std::string_view creator_id);
/// `message` is for people: "Session rejected: …", "The host has ended the meeting".
/// What the room is told when its host has left.
inline constexpr const char* host_has_ended = "The host has ended the meeting";
Packet meeting_ended(const RoomId& room, std::string_view message);
Packet participant_joined(const RoomId& room, const Subject& subject);
Packet participant_left(const RoomId& room, const Subject& subject);
/// Tells `sender` that `receiver_user_id` cannot take all he sends.
Packet congestion(SessionId sender, std::string_view receiver_user_id);

}  // namespace parley
