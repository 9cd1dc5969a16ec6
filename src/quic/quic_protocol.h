#pragma once
// QuicProtocol: what speaks over a QuicConnection; and the words the two share.

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/time.h"

namespace parley {

/// A stream id of RFC 9000 §2.1; its two lowest bits say who opened it and whether it has two ways.
using StreamId = std::int64_t;
inline constexpr bool is_server_stream(StreamId id) { return (id & 1) != 0; }
inline constexpr bool is_unidirectional(StreamId id) { return (id & 2) != 0; }

/// What goes first when a connection cannot send all it has. Lower goes first; within one, the
/// stream that was opened first.
enum class Urgency : std::uint8_t { control, audio, data, video, none };

/// How a connection has ended.
struct QuicEnd {
  /// What ended it. peer: it sent CONNECTION_CLOSE. idle: nothing came for max_idle_timeout.
  /// local: QuicConnection::close. error: the peer broke the protocol, or TLS failed.
  enum class Cause : std::uint8_t { peer, idle, handshake_timeout, displaced, local, error };
  Cause cause = Cause::local;
  /// The peer's code, or ours for an error. `is_application`: of HTTP/3, otherwise of RFC 9000
  /// §20.1.
  std::uint64_t code = 0;
  bool is_application = false;
  std::string reason{};
};

/// Told of everything that happens on one connection, on its shard's thread. Any of these may call
/// the connection, which acts on it after the call that caused it; none may destroy it.
class QuicProtocol {
 public:
  virtual ~QuicProtocol() = default;

  /// Streams may be opened and written: the first bytes may leave with the server's last handshake
  /// flight.
  virtual void on_ready(Now now) = 0;
  /// More of what the peer sends on a stream, in order and without gaps. Empty with `is_last` for
  /// an end that comes alone. The bytes count against the windows until they are given back
  /// (QuicConnection::give_back).
  virtual void on_stream_data(StreamId stream, Bytes bytes, bool is_last, Now now) = 0;
  /// The peer gave up sending (RESET_STREAM). What had come of it is still to be given back to the
  /// connection's window.
  virtual void on_stream_reset(StreamId stream, std::uint64_t code, Now now) = 0;
  /// Both ways of a stream are over; nothing more comes of it. `code` is the peer's when it asked
  /// us to stop sending, 0 otherwise.
  virtual void on_stream_closed(StreamId stream, std::uint64_t code, Now now) = 0;
  virtual void on_datagram(Bytes payload, Now now) = 0;
  /// Asked in a flush while the connection could send more and has nothing as urgent as `than`
  /// left: hand over one thing that is more urgent (write, send_datagram), or return false.
  virtual bool pull(Urgency than, Now now) = 0;
  /// The flush is over. `accepted`: at least a byte was taken from what was handed over. `blocked`:
  /// something waits that the peer's windows, stream credit or congestion did not let go.
  virtual void on_flushed(bool accepted, bool blocked, Now now) = 0;
  /// When on_deadline() next has something to do; the connection asks after each call and flush.
  [[nodiscard]] virtual TimePoint deadline() const = 0;
  virtual void on_deadline(Now now) = 0;
  /// The server is about to end: tell the peer to take its business elsewhere.
  virtual void drain() {}
  /// The last call.
  virtual void on_ended(const QuicEnd& end, Now now) = 0;
};

}  // namespace parley
