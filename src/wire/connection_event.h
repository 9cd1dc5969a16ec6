#pragma once
// ConnectionEvent: what a relay tells those who watch about one of its connections
// (ServerConnectionPacket).

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace parley {

/// Bytes of packets since the connection began.
struct DataTransfer {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

struct ConnectionEvent {
  enum class Kind : std::uint8_t { unknown, started, ended, data_transferred };

  Kind kind = Kind::unknown;
  UnixMillis at;
  std::string session_id;  ///< decimal
  std::string user_id;
  std::string meeting_id;
  std::string protocol;  ///< "websocket" or "webtransport"
  std::string server_instance;
  std::string region;
  std::optional<DataTransfer> data{};  ///< of ended and data_transferred
  Millis duration{};                   ///< of ended
  bool is_reconnection = false;        ///< of started
};

/// The event as it goes on the bus.
[[nodiscard]] std::string encode(const ConnectionEvent& event);

/// Reads an event; nothing if the bytes are none. One of a kind that we do not know is `unknown`.
[[nodiscard]] std::optional<ConnectionEvent> decode_connection_event(Bytes payload);

}  // namespace parley
