#pragma once
// QuicHandshake: the TLS side of one connection's handshake.

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <memory>

#include "base/result.h"
#include "quic/quic_tls.h"

namespace parley {

/// What a handshake needs; replaced as a whole, so that a handshake under way keeps its own.
struct TlsCredentials {
  TlsCredentials() = default;
  ~TlsCredentials();
  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;

  gnutls_certificate_credentials_t certificate = nullptr;
};

/// The GnuTLS session of one connection. Needed until the handshake is complete, and then no more:
/// packets are protected with keys that ngtcp2 holds itself.
class QuicHandshake {
 public:
  /// `connection` tells GnuTLS's callbacks which connection a session belongs to and outlives it.
  /// Null when `tls` has no certificate yet or memory is short.
  static std::unique_ptr<QuicHandshake> begin(const QuicTls& tls,
                                              ngtcp2_crypto_conn_ref& connection);
  ~QuicHandshake();
  QuicHandshake(const QuicHandshake&) = delete;
  QuicHandshake& operator=(const QuicHandshake&) = delete;

  [[nodiscard]] gnutls_session_t native() const { return session_; }

 private:
  explicit QuicHandshake(std::shared_ptr<const TlsCredentials> credentials);

  std::shared_ptr<const TlsCredentials> credentials_;
  gnutls_session_t session_ = nullptr;
};

}  // namespace parley
