#pragma once
// HTTP/3 and WebTransport as a client speaks them (RFC 9114, draft-ietf-webtrans-http3): what it
// says first, and what it reads. All of it is plain bytes; quic_line.h carries them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "bench/packet_head.h"
#include "bench/target.h"
#include "quic/quic_protocol.h"
#include "webtransport/capsule.h"
#include "webtransport/http3_frame.h"
#include "webtransport/stream_head.h"

namespace parley::bench {

/// How our control stream begins: its type and SETTINGS, like a browser's.
std::vector<std::uint8_t> control_stream_start();

/// The HEADERS frame that asks for a session at `path` (RFC 9220, draft-02 of WebTransport).
std::vector<std::uint8_t> connect_request(const Endpoint& endpoint, std::string_view path);

/// What stands before the packet on each of our unidirectional streams.
std::vector<std::uint8_t> message_prefix(StreamId session);

/// "ping" of the public protocol as an HTTP datagram: a client's sign of life.
std::vector<std::uint8_t> ping_datagram(StreamId session);

/// Takes the session's number off an HTTP datagram; false if it is another session's.
bool take_datagram_head(Bytes& datagram, StreamId session);

/// Reads what a relay says on the CONNECT stream.
class ConnectReader {
 public:
  enum class Event : std::uint8_t {
    /// All bytes are consumed.
    none,
    /// There is a session.
    accepted,
    /// There is none, for reason().
    refused,
    /// The relay has ended the session, for reason(), or answered the end of our side.
    ended,
    /// It broke the protocol, as reason() says. Nothing more is read.
    broken,
  };

  /// Consumes from the front of `in` up to the next event. Call again until it is `none`.
  Event next(Bytes& in, bool is_last);
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  Event on_headers(Bytes section);
  Event on_data(Bytes payload);
  Event on_last();

  Http3FrameReader frames_{Http3FrameRules::request};
  CapsuleParser capsules_;
  bool is_accepted_ = false;
  bool is_over_ = false;
  std::string refusal_;  // status and body, as far as they have come
  std::string reason_;
};

/// Reads one unidirectional stream of the relay, in pieces of any size. Of a packet only the first
/// bytes are kept.
class IncomingStream {
 public:
  /// A packet's stream, or any other.
  void feed(Bytes bytes, StreamId session);

  [[nodiscard]] bool is_packet() const { return is_packet_; }
  [[nodiscard]] Bytes packet_head() const { return Bytes(kept_).first(kept_size_); }
  [[nodiscard]] std::size_t packet_size() const { return size_; }
  /// The relay's SETTINGS have come on it.
  [[nodiscard]] bool has_settings() const { return has_settings_; }

 private:
  StreamHead head_;
  bool has_head_ = false;
  bool is_packet_ = false;
  bool has_settings_ = false;
  std::size_t size_ = 0;
  std::size_t kept_size_ = 0;
  std::array<std::uint8_t, packet_head_bytes> kept_{};
  /// Of a control stream, which SETTINGS begin.
  Http3FrameReader control_{Http3FrameRules::control};
};

}  // namespace parley::bench
