#pragma once
// What passes between a WebTransport session and its actor.

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "quic/quic_protocol.h"
#include "wire/packet.h"

namespace parley {

/// How a packet came: RTT echoes go back the same way.
enum class WtInboundSource : std::uint8_t { uni_stream, datagram };

/// A whole packet from the client: `packet_headroom` zero bytes, the packet, and room for a stamp.
struct WtInbound {
  BufferBuilder message;
  WtInboundSource source = WtInboundSource::uni_stream;
};

/// A packet on its way to the client, on a stream of its own.
struct WtOutbound {
  StreamId stream = 0;
  TimePoint opened_at{};
};

/// How a session has ended.
struct WtClose {
  enum class Cause : std::uint8_t {
    capsule,           ///< the client's CLOSE_WEBTRANSPORT_SESSION
    stream_ended,      ///< FIN or reset of the CONNECT stream without one
    connection_ended,  ///< CONNECTION_CLOSE, in whichever way
    silent,            ///< QUIC's idle time-out
    local,             ///< WtSession::close
    violation,         ///< the client broke HTTP/3 or WebTransport
  };
  Cause cause = Cause::local;
  std::uint32_t code = 0;
  std::string reason;
};

}  // namespace parley
