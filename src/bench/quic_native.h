#pragma once
// QuicNative: what ngtcp2 and GnuTLS hold of one connection.

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "base/time.h"

namespace parley::bench {

struct QuicNative {
  QuicNative() = default;
  ~QuicNative();
  QuicNative(const QuicNative&) = delete;
  QuicNative& operator=(const QuicNative&) = delete;

  ngtcp2_conn* connection = nullptr;
  gnutls_session_t session = nullptr;
  ngtcp2_crypto_conn_ref reference{};
  bool is_established = false;
};

/// A TLS session that offers h3 to `host` and takes every certificate; null without memory.
gnutls_session_t new_client_session(const std::string& host);

/// The largest packet that is written.
inline constexpr std::size_t quic_packet_bytes_max = 1500;

/// Time as ngtcp2 counts it.
inline ngtcp2_tstamp timestamp(TimePoint time) {
  return static_cast<ngtcp2_tstamp>(std::chrono::nanoseconds(time.time_since_epoch()).count());
}

}  // namespace parley::bench
