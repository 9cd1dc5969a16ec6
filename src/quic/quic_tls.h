#pragma once
// QuicTls: the certificate that QUIC handshakes show, replaceable while connections live.

#include <memory>
#include <string>

#include "base/result.h"

namespace parley {

/// TLS 1.3 only, ALPN h3, AES-128-GCM first by the server's choice, no tickets, no early data.
/// load() may be called from any thread while handshakes run on others.
class QuicTls {
 public:
  QuicTls();
  ~QuicTls();
  QuicTls(const QuicTls&) = delete;
  QuicTls& operator=(const QuicTls&) = delete;

  /// From now on handshakes show this certificate chain (PEM). On an error, which says what is
  /// wrong with it, the one before stays in use.
  [[nodiscard]] Result<void> load(const std::string& chain_pem, const std::string& key_pem);

 private:
  friend class QuicHandshake;  // the GnuTLS session of one connection
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley
