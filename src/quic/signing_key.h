#pragma once
// SigningKey: the private key with which QUIC handshakes sign.

#include <gnutls/abstract.h>

#include <memory>
#include <string>

#include "base/freed_by.h"
#include "base/result.h"

namespace parley {

/// Signs on any number of threads at once.
using SigningKey = std::unique_ptr<gnutls_privkey_st, FreedBy<gnutls_privkey_deinit>>;

/// The key in `pem`. An ECDSA key on P-256, what certificates for WebTransport have, is signed with
/// through OpenSSL, which takes half of the time there; any other one is left to GnuTLS. An
/// error says why it cannot be read.
[[nodiscard]] Result<SigningKey> read_signing_key(const std::string& pem);

}  // namespace parley
