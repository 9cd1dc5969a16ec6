#pragma once
// TlsContext: what https and wss connections are opened with, the certificate above all. It can be
// replaced while connections live.

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/tls_stream.h"

struct ssl_ctx_st;

namespace parley {

/// TLS 1.3 and 1.2 with forward secrecy and AEAD ciphers only, AES-128-GCM first; ALPN http/1.1.
/// Neither tickets nor resumption, renegotiation or compression. Any thread.
class TlsContext {
 public:
  /// From now on new connections are shown this chain (PEM, the server's own first). On an error,
  /// which says what is wrong with it, the one before stays in use.
  [[nodiscard]] Result<void> load(const std::string& chain_pem, const std::string& key_pem);

  /// Begins TLS on an accepted socket, which stays the caller's. Null before the first load().
  [[nodiscard]] std::unique_ptr<TlsStream> accept(int native_socket) const;

 private:
  std::atomic<std::shared_ptr<ssl_ctx_st>> context_;
};

}  // namespace parley
