#pragma once
// WtSession: one WebTransport session over HTTP/3, as its actor uses it
// (draft-ietf-webtrans-http3-02 on the wire, see docs/PROTOCOL.md).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "quic/quic_protocol.h"
#include "webtransport/wt_messages.h"
#include "wire/packet.h"

namespace parley {

/// Told what happens in a session, on its shard's thread. None may destroy the session.
class WtSessionEvents {
 public:
  virtual ~WtSessionEvents() = default;
  /// A whole packet. Not while reading is paused.
  virtual void on_message(WtInbound inbound, Now now) = 0;
  /// The client shows that it lives without sending a packet: a datagram that is the text "ping".
  virtual void on_sign_of_life(Now now) = 0;
  /// As QuicProtocol::pull: hand over one packet more urgent than `than`, or return false.
  virtual bool pull(Urgency than, Now now) = 0;
  /// As QuicProtocol::on_flushed.
  virtual void on_flushed(bool accepted, bool blocked, Now now) = 0;
  /// A stream that send() opened is over: delivered whole, reset, or stopped by the client.
  virtual void on_stream_over(StreamId stream, Now now) = 0;
  /// The last call.
  virtual void on_closed(const WtClose& close, Now now) = 0;
};

class WtSession {
 public:
  /// Sends a packet on a new unidirectional stream. Nothing when the client grants none now.
  virtual std::optional<StreamId> send(Packet packet, Urgency urgency) = 0;
  /// Streams the client grants now.
  [[nodiscard]] virtual std::uint64_t streams_left() const = 0;
  /// Sends a packet as a datagram. False when it does not fit or too many wait already.
  virtual bool send_datagram(const Packet& packet) = 0;
  /// Gives up a stream that has become too old; once the client has its first bytes, since clients
  /// of the public fleet end their reading on a stream that is reset before its header came.
  virtual void abandon(StreamId stream) = 0;

  /// No more on_message until resume_reading(): what comes waits, bounded by the windows.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  /// Something waits for pull(), nothing of it more urgent than `urgency`: see
  /// QuicConnection::wake.
  virtual void wake(Urgency urgency) = 0;
  /// Ends the session: what was handed over as Urgency::control is sent, then code and reason (at
  /// most 1024 bytes) in a capsule; the connection goes with the client's answer, or after a
  /// moment.
  virtual void close(std::uint32_t code, std::string_view reason) = 0;
  [[nodiscard]] virtual std::string remote_address() const = 0;

 protected:
  ~WtSession() = default;
};

}  // namespace parley
