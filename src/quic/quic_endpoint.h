#pragma once
// QuicEndpoint: the UDP port of one shard and the QUIC connections that arrive there.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actor/shard.h"
#include "base/result.h"
#include "quic/quic_connection.h"
#include "quic/quic_stats.h"
#include "quic/quic_tls.h"

namespace parley {

/// Everything about the transport that is not the client's to decide (RFC 9000 §18.2, §10, §8.1).
struct QuicRules {
  Duration idle_timeout = 30s;
  /// A PING after this much silence; 0 sends none.
  Duration keep_alive = 10s;
  /// A handshake that takes longer is dropped.
  Duration handshake_timeout = 8s;
  /// Half-open handshakes on this shard above which new clients must prove their address (Retry).
  std::size_t retry_above = 100;
  /// The same for the rest of a second in which so many first datagrams could not be read: each has
  /// cost a TLS session, and a Retry costs less.
  std::size_t false_starts_max = 100;
  /// Above so many on this shard the oldest gives way to a new one, once it has kept us waiting for
  /// `half_open_time`: each costs some 70 KiB, and those who mean it need a round trip or two.
  std::size_t half_open_usual = 192;
  Duration half_open_time = 300ms;
  /// Above so many it gives way in any case.
  std::size_t half_open_max = 4096;
  std::size_t connections_max = 100'000;
  /// What a client may send before we have dealt with it (see QuicConnection::give_back), all
  /// streams together; the protocol may widen it.
  std::uint64_t connection_window = 384 * 1024;
  /// Less than that, so that one long stream leaves something to the others.
  std::uint64_t stream_window = 256 * 1024;
  std::uint64_t uni_streams = 100;
  std::uint64_t bidi_streams = 8;
  /// Video, and what only acknowledges, waits at most so long for more while the shard is busy: see
  /// flush_hold. 0 lets nothing wait.
  Duration video_hold = 1ms;
  /// SO_RCVBUF and SO_SNDBUF asked for.
  std::size_t socket_buffer = 7 * 1024 * 1024;
};

/// Secrets that all shards (and, if given, all restarts) share: of stateless reset and of address
/// validation tokens (RFC 9000 §10.3, §8.1.2).
struct QuicSecrets {
  std::vector<std::uint8_t> stateless_reset;
  std::vector<std::uint8_t> token;
  static QuicSecrets random();
};

/// Makes the protocol of a new connection.
class QuicAcceptor {
 public:
  /// `connection` outlives the protocol. From within the endpoint's reading.
  virtual std::unique_ptr<QuicProtocol> accept(QuicConnection& connection, Now now) = 0;

 protected:
  ~QuicAcceptor() = default;
};

/// The UDP sockets of all shards on one port, in the order of the shards: a datagram reaches the
/// shard that its connection id names (a classic BPF program on the reuseport group).
struct UdpSockets {
  std::vector<int> native;
  std::uint16_t port = 0;
};
/// Opens them on `address` ("::" takes both families; port 0 takes a free one). An error says what
/// is in the way; that another process has the port is one.
[[nodiscard]] Result<UdpSockets> open_udp_sockets(const std::string& address, std::uint16_t port,
                                                  std::size_t shards, const QuicRules& rules);

/// One per shard, for its thread. Feeds datagrams to their connections, keeps their deadlines,
/// and sends what they have once per turn, batched.
class QuicEndpoint {
 public:
  /// Takes over `native_socket`. `tls`, `rules` and `secrets` outlive it.
  QuicEndpoint(Shard& shard, int native_socket, std::size_t shards, const QuicRules& rules,
               const QuicSecrets& secrets, const QuicTls& tls, QuicAcceptor& acceptor);
  ~QuicEndpoint();
  QuicEndpoint(const QuicEndpoint&) = delete;
  QuicEndpoint& operator=(const QuicEndpoint&) = delete;

  /// Begins to read; once the shard runs, on its thread.
  void start();
  /// Refuses new connections (CONNECTION_REFUSED) from now on.
  void refuse_new();
  /// Has every connection tell its peer that the server is about to end.
  void drain();
  /// Ends every connection with `code` and sends that.
  void close_all(std::uint64_t code, std::string_view reason);

  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] const QuicStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley
