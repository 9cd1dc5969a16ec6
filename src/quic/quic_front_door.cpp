#include "quic/quic_front_door.h"

#include <ngtcp2/ngtcp2_crypto.h>

#include <algorithm>
#include <array>

namespace parley {
namespace {

/// A client has this long to come back with the token of a Retry.
constexpr auto retry_token_lifetime = std::chrono::nanoseconds(10s);
/// A stateless reset is at least this long (RFC 9000 §10.3), and shorter than what it answers.
constexpr std::size_t reset_bytes_min = 21;
constexpr std::size_t reset_bytes_usual = 43;

/// Tokens go from one shard, or one run of the server, to another: the clock of all is the wall's.
ngtcp2_tstamp token_time(Now now) {
  return static_cast<ngtcp2_tstamp>(
      std::chrono::nanoseconds(std::chrono::milliseconds(now.unix.count)).count());
}

}  // namespace

bool PerSecondLimit::take(Now now) {
  if (now.monotonic - filled_at_ >= 1s) {
    filled_at_ = now.monotonic;
    left_ = per_second_;
  }
  if (left_ == 0) return false;
  --left_;
  return true;
}

std::optional<QuicOpening> QuicFrontDoor::receive(Bytes datagram, const UdpPath& path,
                                                  Openness openness, Now now) {
  ngtcp2_version_cid ids;
  const int read =
      ngtcp2_pkt_decode_version_cid(&ids, datagram.data(), datagram.size(), Cid::our_bytes);
  if (read == NGTCP2_ERR_VERSION_NEGOTIATION) {
    negotiate_version(datagram, ids, path, now);
    return std::nullopt;
  }
  if (read != 0) {
    host_.stats.malformed.add();
    return std::nullopt;
  }
  if (ids.version == 0) {  // a short header
    reset(datagram, ids, path, now);
    return std::nullopt;
  }
  if (ids.version != NGTCP2_PROTO_VER_V1) {
    negotiate_version(datagram, ids, path, now);
    return std::nullopt;
  }
  ngtcp2_pkt_hd header;
  if (datagram.size() < first_datagram_bytes_min ||
      ngtcp2_accept(&header, datagram.data(), datagram.size()) != 0) {
    host_.stats.unknown.add();
    return std::nullopt;
  }
  return admit(header, path, openness, now);
}

std::optional<QuicOpening> QuicFrontDoor::admit(const ngtcp2_pkt_hd& header, const UdpPath& path,
                                                Openness openness, Now now) {
  if (!openness.is_open) {
    host_.stats.refused.add();
    refuse(header, path, NGTCP2_CONNECTION_REFUSED, now);
    return std::nullopt;
  }
  // We hand out tokens with Retry only. Whatever else a client brings counts as no token.
  const bool has_token = header.tokenlen > 0 && header.token[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2;
  if (!has_token) {
    if (!openness.asks_proof) return QuicOpening{header, path, std::nullopt};
    ask_proof(header, path, now);
    return std::nullopt;
  }
  ngtcp2_cid original;
  const UdpAddress& remote = path.remote;
  if (ngtcp2_crypto_verify_retry_token2(
          &original, header.token, header.tokenlen, host_.secrets.token.data(),
          host_.secrets.token.size(), header.version, remote.data(), remote.length(), &header.dcid,
          static_cast<ngtcp2_duration>(retry_token_lifetime.count()), token_time(now)) != 0) {
    host_.stats.tokens_invalid.add();
    refuse(header, path, NGTCP2_INVALID_TOKEN, now);
    return std::nullopt;
  }
  return QuicOpening{header, path, Cid::copy_of({original.data, original.datalen})};
}

template <class Write>
bool QuicFrontDoor::answer(const UdpPath& path, Write write) {
  const MutableBytes space = host_.sender.space();
  if (space.empty()) return false;
  const ngtcp2_ssize bytes = write(space);
  if (bytes <= 0) return false;
  host_.sender.add(static_cast<std::size_t>(bytes), path, /*ecn=*/0, /*alone=*/true);
  return true;
}

/// RFC 9000 §6: only for datagrams that could begin a connection.
void QuicFrontDoor::negotiate_version(Bytes datagram, const ngtcp2_version_cid& ids,
                                      const UdpPath& path, Now now) {
  if (datagram.size() < first_datagram_bytes_min || !budget_.take(now)) {
    host_.stats.unknown.add();
    return;
  }
  // A version that does not exist keeps clients in the habit of looking (RFC 9000 §15).
  std::array<std::uint32_t, 2> versions = {NGTCP2_PROTO_VER_V1, 0x1a2a3a4a};
  std::array<std::uint8_t, 1> random{};
  fill_random(random);
  const bool is_sent = answer(path, [&](MutableBytes space) {
    return ngtcp2_pkt_write_version_negotiation(space.data(), space.size(), random[0], ids.scid,
                                                ids.scidlen, ids.dcid, ids.dcidlen, versions.data(),
                                                versions.size());
  });
  if (is_sent) host_.stats.version_negotiations.add();
}

/// RFC 9000 §10.3: tells a client of a connection that we have lost that it is lost.
void QuicFrontDoor::reset(Bytes datagram, const ngtcp2_version_cid& ids, const UdpPath& path,
                          Now now) {
  constexpr std::uint8_t fixed_bit = 0x40;
  if ((datagram[0] & fixed_bit) == 0) {
    host_.stats.malformed.add();
    return;
  }
  const Bytes cid{ids.dcid, ids.dcidlen};
  if (host_.cids.is_foreign(cid)) {
    // The kernel steers datagrams to their shard; one that arrives here all the same is lost, and
    // must not end a connection that lives there.
    host_.stats.misrouted.add();
    return;
  }
  const std::size_t bytes = std::min(datagram.size() - 1, reset_bytes_usual);
  if (bytes < reset_bytes_min || !budget_.take(now)) {
    host_.stats.unknown.add();
    return;
  }
  std::array<std::uint8_t, NGTCP2_STATELESS_RESET_TOKENLEN> token{};
  std::array<std::uint8_t, reset_bytes_usual> random{};
  fill_random(random);
  ngtcp2_cid of;
  ngtcp2_cid_init(&of, cid.data(), cid.size());
  const auto& secret = host_.secrets.stateless_reset;
  if (ngtcp2_crypto_generate_stateless_reset_token(token.data(), secret.data(), secret.size(),
                                                   &of) != 0)
    return;
  const bool is_sent = answer(path, [&](MutableBytes space) {
    return ngtcp2_pkt_write_stateless_reset(space.data(), space.size(), token.data(), random.data(),
                                            bytes - token.size());
  });
  if (is_sent) host_.stats.stateless_resets.add();
}

/// Retry (RFC 9000 §8.1.2). The id in it is one of ours, so that the client's next datagram reaches
/// this shard; nothing is kept, all is in the token.
void QuicFrontDoor::ask_proof(const ngtcp2_pkt_hd& header, const UdpPath& path, Now now) {
  const Cid made = host_.cids.make();
  ngtcp2_cid scid;
  ngtcp2_cid_init(&scid, made.data.data(), made.length);
  std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2> token{};
  const UdpAddress& remote = path.remote;
  const ngtcp2_ssize token_bytes = ngtcp2_crypto_generate_retry_token2(
      token.data(), host_.secrets.token.data(), host_.secrets.token.size(), header.version,
      remote.data(), remote.length(), &scid, &header.dcid, token_time(now));
  if (token_bytes < 0) return;
  const bool is_sent = answer(path, [&](MutableBytes space) {
    return ngtcp2_crypto_write_retry(space.data(), space.size(), header.version, &header.scid,
                                     &scid, &header.dcid, token.data(),
                                     static_cast<std::size_t>(token_bytes));
  });
  if (is_sent) host_.stats.retries.add();
}

void QuicFrontDoor::refuse(const ngtcp2_pkt_hd& header, const UdpPath& path, std::uint64_t code,
                           Now now) {
  if (!budget_.take(now)) return;
  answer(path, [&](MutableBytes space) {
    return ngtcp2_crypto_write_connection_close(space.data(), space.size(), header.version,
                                                &header.scid, &header.dcid, code, nullptr, 0);
  });
}

}  // namespace parley
