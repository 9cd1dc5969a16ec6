#pragma once
// QuicStats: what one endpoint counts.

#include "chat/shard_stats.h"

namespace parley {

/// Cells written by the endpoint's thread and read by whoever scrapes. Grows with the endpoint:
/// each refusal and each cause of an end has its own.
struct QuicStats {
  Cell datagrams_in, datagrams_out, bytes_in, bytes_out;
  Cell sends;              ///< system calls that sent
  Cell receives;           ///< system calls that received
  Cell connections;        ///< now
  Cell handshakes;         ///< completed
  Cell handshakes_failed;  ///< TLS or protocol
  Cell handshakes_timed_out;
  Cell retries;  ///< Retry packets sent
  Cell version_negotiations;
  Cell stateless_resets;
  Cell malformed;  ///< datagrams that are no QUIC
  Cell refused;    ///< connections over the limit or while draining
  Cell tokens_invalid;
  Cell certificate_refused;  ///< handshakes the client broke off because of our certificate
  Cell datagrams_too_large, datagrams_overflowed;
  Cell datagrams_unsent;      ///< UDP: the kernel refused them (no route, too large a probe)
  Cell unknown;               ///< datagrams of no connection that deserved no answer
  Cell misrouted;             ///< datagrams of another shard's connection, dropped
  Cell handshakes_open;       ///< now, not completed
  Cell handshakes_displaced;  ///< that took long and gave way to a new one
  Cell ended_by_peer, ended_idle, ended_locally, ended_by_error;
  Cell streams_reset_unseen;  ///< streams that the peer reset before we saw any of their bytes
};

}  // namespace parley
