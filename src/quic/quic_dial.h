#pragma once
// QuicDial: a connection from the client's side, as ngtcp2 and GnuTLS hold it. The relay itself
// calls nobody; the load tool and the tests do.

#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "quic/udp_address.h"

namespace parley {

/// What the handshakes of many clients share. Every certificate is taken.
class QuicClientTls {
 public:
  /// `ciphers` in the words of GnuTLS.
  explicit QuicClientTls(
      const std::string& ciphers = "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305");
  ~QuicClientTls();
  QuicClientTls(const QuicClientTls&) = delete;
  QuicClientTls& operator=(const QuicClientTls&) = delete;

 private:
  friend class QuicDial;
  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_priority_t priority_ = nullptr;
};

/// `bytes` that nobody can guess.
ngtcp2_cid random_cid(std::size_t bytes);

class QuicDial {
 public:
  struct Options {
    UdpPath path;
    ngtcp2_transport_params params;
    /// Named to the server, unless it is an address or empty.
    std::string host{};
    std::string alpn = "h3";
    /// The id that we make up for the server.
    ngtcp2_cid server_cid = random_cid(16);
    Bytes token{};
    Duration handshake_timeout = Duration::max();
  };

  /// What ngtcp2 itself needs; who dials adds what he wants to hear.
  static ngtcp2_callbacks callbacks();

  /// Begins a connection whose `callbacks` get `user_data`. `tls` outlives it.
  static Result<std::unique_ptr<QuicDial>> begin(const QuicClientTls& tls, Options options,
                                                 const ngtcp2_callbacks& callbacks,
                                                 void* user_data);
  ~QuicDial();
  QuicDial(const QuicDial&) = delete;
  QuicDial& operator=(const QuicDial&) = delete;

  [[nodiscard]] ngtcp2_conn* connection() const { return connection_; }
  [[nodiscard]] gnutls_session_t session() const { return session_; }

 private:
  QuicDial() = default;
  Result<void> begin_tls(const QuicClientTls& tls, const Options& options);

  ngtcp2_conn* connection_ = nullptr;
  gnutls_session_t session_ = nullptr;
  ngtcp2_crypto_conn_ref reference_{};
};

}  // namespace parley
