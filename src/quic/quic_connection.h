#pragma once
// QuicConnection: one QUIC connection of a client, as the protocol above it uses it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "quic/quic_protocol.h"
#include "wire/packet.h"

namespace parley {

/// The sending and closing half of a connection; its QuicProtocol is the other. Nothing is sent
/// within a call: the endpoint flushes each connection that was written to once, at the end of the
/// loop's turn. On the shard's thread.
class QuicConnection {
 public:
  /// Opens a stream of our own. Nothing when the peer grants no more of them now.
  [[nodiscard]] virtual std::optional<StreamId> open_uni(Urgency urgency) = 0;
  [[nodiscard]] virtual std::uint64_t uni_streams_left() const = 0;

  /// Queues bytes on a stream of ours, or on the peer's bidirectional one; `is_last` ends it. They
  /// are kept until the peer has acknowledged them.
  virtual void write(StreamId stream, Buffer bytes, bool is_last) = 0;
  /// The same for a packet behind a prefix of at most 16 bytes, and the end of the stream: nothing
  /// is copied but the prefix.
  virtual void write_packet(StreamId stream, Bytes prefix, Packet packet) = 0;

  /// Ends our way of a stream early (RESET_STREAM) once the peer has acknowledged its first
  /// `reliable_bytes`: until then no more than those are sent. Harmless when it is over.
  virtual void reset(StreamId stream, std::uint64_t code, std::size_t reliable_bytes) = 0;
  /// Asks the peer to stop sending on a stream (STOP_SENDING); what still comes is thrown away and
  /// given back.
  virtual void stop(StreamId stream, std::uint64_t code) = 0;

  /// Queues a datagram of `prefix` and `payload`. False if it is too large for the path or the peer
  /// takes none, or if datagrams_max wait already: it is then not sent.
  virtual bool send_datagram(Bytes prefix, Buffer payload) = 0;
  static constexpr std::size_t datagrams_max = 64;
  /// The largest prefix and payload together that fit now; 0 when the peer takes no datagrams.
  [[nodiscard]] virtual std::size_t datagram_bytes_max() const = 0;

  /// Gives `bytes` of what on_stream_data brought back to the stream's window, the connection's, or
  /// both.
  virtual void give_back_to_stream(StreamId stream, std::size_t bytes) = 0;
  virtual void give_back(std::size_t bytes) = 0;
  /// Makes the connection's window `bytes` wider than its own from now on. A narrower one comes
  /// about as bytes are given back.
  virtual void widen(std::size_t bytes) = 0;

  /// Something waits in the protocol, nothing of it more urgent than `urgency`: flush at the end of
  /// this turn; if it is video, a little later while the shard is busy (QuicRules::video_hold).
  virtual void wake(Urgency urgency) = 0;
  /// Ends the connection with an HTTP/3 code (RFC 9114 §8.1); on_ended follows within this turn.
  virtual void close(std::uint64_t code, std::string_view reason) = 0;

  /// Round trip time, smoothed (RFC 9002 §5.3); 0 before the first sample.
  [[nodiscard]] virtual Duration rtt() const = 0;
  /// The client's address and port now, as text: "192.0.2.1:4433".
  [[nodiscard]] virtual std::string remote_address() const = 0;

 protected:
  ~QuicConnection() = default;
};

}  // namespace parley
