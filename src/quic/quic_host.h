#pragma once
// QuicHost: what the connections of one endpoint share, and what they ask of it.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "actor/shard.h"
#include "quic/quic_cid.h"
#include "quic/quic_endpoint.h"
#include "quic/udp_address.h"
#include "quic/udp_sender.h"

namespace parley {

class QuicServerConnection;

/// What is left of a connection that has ended, for three times its PTO (RFC 9000 §10.2): packets
/// that still come are no surprise. While we are the ones who closed, they are answered.
struct QuicTombstone {
  std::vector<Cid> cids;
  /// Our CONNECTION_CLOSE; empty if the peer closed.
  std::vector<std::uint8_t> answer;
  UdpPath path;
  std::uint8_t ecn = 0;
  /// Zero if nothing is to be left.
  Duration lifetime{};
  std::uint64_t received = 0;
};

/// Who a connection id leads to: a living connection or what is left of one.
struct QuicRoute {
  QuicServerConnection* connection = nullptr;
  QuicTombstone* tombstone = nullptr;
};

/// Bounded by the connections (at most ten ids each) and the tombstones.
using QuicRoutes = std::unordered_map<Cid, QuicRoute, CidHash>;

class QuicHost {
 public:
  QuicHost(Shard& on_shard, int native_socket, std::size_t shards, const QuicRules& with_rules,
           const QuicSecrets& with_secrets, const QuicTls& with_tls, QuicAcceptor& with_acceptor)
      : shard(on_shard),
        rules(with_rules),
        secrets(with_secrets),
        tls(with_tls),
        acceptor(with_acceptor),
        sender(native_socket, stats),
        cids(on_shard.index(), shards) {}
  QuicHost(const QuicHost&) = delete;
  QuicHost& operator=(const QuicHost&) = delete;

  Shard& shard;
  const QuicRules& rules;
  const QuicSecrets& secrets;
  const QuicTls& tls;
  QuicAcceptor& acceptor;
  QuicStats stats;
  UdpSender sender;
  const CidMaker cids;
  QuicRoutes routes;

  /// Has `connection` flushed at the end of this turn.
  virtual void flush_later(QuicServerConnection& connection) = 0;
  /// Has it flushed with others, a little later, while the shard is busy (QuicRules::video_hold).
  /// False if nothing is to wait now.
  [[nodiscard]] virtual bool flush_in_batch(QuicServerConnection& connection) = 0;
  /// It has ended; it is destroyed when the turn is over.
  virtual void bury(QuicServerConnection& connection, QuicTombstone tombstone) = 0;

 protected:
  ~QuicHost() = default;
};

}  // namespace parley
