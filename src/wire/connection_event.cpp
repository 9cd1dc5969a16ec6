#include "wire/connection_event.h"

#include <algorithm>
#include <limits>

#include "wire/parse_message.h"
#include "wire/proto/server_connection.pb.h"

namespace parley {
namespace {

using Kind = ConnectionEvent::Kind;

proto::ConnectionEventType type_of(Kind kind) {
  switch (kind) {
    case Kind::started:
      return proto::CONNECTION_STARTED;
    case Kind::ended:
      return proto::CONNECTION_ENDED;
    case Kind::data_transferred:
      return proto::DATA_TRANSFERRED;
    case Kind::unknown:
      break;
  }
  return proto::CONNECTION_EVENT_UNKNOWN;
}

Kind kind_of(proto::ConnectionEventType type) {
  switch (type) {
    case proto::CONNECTION_STARTED:
      return Kind::started;
    case proto::CONNECTION_ENDED:
      return Kind::ended;
    case proto::DATA_TRANSFERRED:
      return Kind::data_transferred;
    default:
      return Kind::unknown;  // a kind of the future
  }
}

// No duration is so long; what anybody writes must not overflow.
Millis as_duration(std::uint64_t milliseconds) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  return Millis(static_cast<std::int64_t>(std::min(milliseconds, most)));
}

}  // namespace

std::string encode(const ConnectionEvent& event) {
  proto::ServerConnectionPacket packet;
  packet.set_event_type(type_of(event.kind));
  packet.set_timestamp_ms(event.at.count);
  proto::ConnectionMetadata& connection = *packet.mutable_connection();
  connection.set_session_id(event.session_id);
  connection.set_user_id(event.user_id);
  connection.set_meeting_id(event.meeting_id);
  connection.set_protocol(event.protocol);
  connection.set_server_instance(event.server_instance);
  connection.set_region(event.region);
  if (event.data) {
    packet.mutable_data_transfer()->set_bytes_sent(event.data->sent);
    packet.mutable_data_transfer()->set_bytes_received(event.data->received);
  }
  packet.set_connection_duration_ms(static_cast<std::uint64_t>(event.duration.count()));
  packet.set_is_reconnection(event.is_reconnection);
  return packet.SerializeAsString();
}

std::optional<ConnectionEvent> decode_connection_event(Bytes payload) {
  proto::ServerConnectionPacket packet;
  if (!parse_message(payload, packet)) return std::nullopt;
  ConnectionEvent event;
  event.kind = kind_of(packet.event_type());
  event.at = {packet.timestamp_ms()};
  proto::ConnectionMetadata& connection = *packet.mutable_connection();
  event.session_id = std::move(*connection.mutable_session_id());
  event.user_id = std::move(*connection.mutable_user_id());
  event.meeting_id = std::move(*connection.mutable_meeting_id());
  event.protocol = std::move(*connection.mutable_protocol());
  event.server_instance = std::move(*connection.mutable_server_instance());
  event.region = std::move(*connection.mutable_region());
  if (packet.has_data_transfer())
    event.data = {packet.data_transfer().bytes_sent(), packet.data_transfer().bytes_received()};
  event.duration = as_duration(packet.connection_duration_ms());
  event.is_reconnection = packet.is_reconnection();
  return event;
}

}  // namespace parley
