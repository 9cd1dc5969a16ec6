#pragma once
// QuicFrontDoor: datagrams of no known connection. Most deserve no answer, some a short one, few a
// connection.

#include <ngtcp2/ngtcp2.h>

#include <optional>

#include "base/bytes.h"
#include "base/time.h"
#include "quic/quic_host.h"
#include "quic/quic_server_connection.h"

namespace parley {

/// So much at once, and as much again each second.
class PerSecondLimit {
 public:
  explicit PerSecondLimit(std::size_t per_second) : per_second_(per_second), left_(per_second) {}
  [[nodiscard]] bool take(Now now);
  /// True if take() would answer false.
  [[nodiscard]] bool is_spent(Now now) const {
    return left_ == 0 && now.monotonic - filled_at_ < 1s;
  }

 private:
  std::size_t per_second_;
  std::size_t left_;
  TimePoint filled_at_{};
};

/// Decides without keeping anything about the sender. None of its answers is longer than what it
/// answers.
class QuicFrontDoor {
 public:
  explicit QuicFrontDoor(QuicHost& host) : host_(host) {}

  /// Whether the door is open for whoever wants a connection.
  struct Openness {
    bool is_open = true;
    /// The address must be proved first (RFC 9000 §8.1.2).
    bool asks_proof = false;
  };
  /// The connection to open for `datagram`, if any; all else is answered and counted here.
  [[nodiscard]] std::optional<QuicOpening> receive(Bytes datagram, const UdpPath& path,
                                                   Openness openness, Now now);

 private:
  /// The smallest datagram with which a connection may begin (RFC 9000 §14.1).
  static constexpr std::size_t first_datagram_bytes_min = 1200;
  static constexpr std::size_t answers_per_second = 200;

  std::optional<QuicOpening> admit(const ngtcp2_pkt_hd& header, const UdpPath& path,
                                   Openness openness, Now now);
  void negotiate_version(Bytes datagram, const ngtcp2_version_cid& ids, const UdpPath& path,
                         Now now);
  void reset(Bytes datagram, const ngtcp2_version_cid& ids, const UdpPath& path, Now now);
  void ask_proof(const ngtcp2_pkt_hd& header, const UdpPath& path, Now now);
  void refuse(const ngtcp2_pkt_hd& header, const UdpPath& path, std::uint64_t code, Now now);
  /// Sends what `write(space)` writes there; false if that is nothing.
  template <class Write>
  bool answer(const UdpPath& path, Write write);

  QuicHost& host_;
  /// What is beyond gets no answer: answers to strangers go to whoever the sender claims to be.
  PerSecondLimit budget_{answers_per_second};
};

}  // namespace parley
