#include "bench/quic_native.h"

#include <arpa/inet.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <array>

#include "base/check.h"

namespace parley::bench {
namespace {

/// What all connections share: GnuTLS copies none of it.
class Tls {
 public:
  Tls() {
    check(gnutls_certificate_allocate_credentials(&credentials_) == 0, "no memory for TLS");
    check(gnutls_priority_init(&priority_,
                               "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:"
                               "+AES-256-GCM:+CHACHA20-POLY1305:-GROUP-ALL:+GROUP-X25519:"
                               "+GROUP-SECP256R1:%DISABLE_TLS13_COMPAT_MODE",
                               nullptr) == 0,
          "GnuTLS does not know our priorities");
  }
  ~Tls() {
    gnutls_priority_deinit(priority_);
    gnutls_certificate_free_credentials(credentials_);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  /// A session that takes every certificate.
  gnutls_session_t new_session(const std::string& host) const {
    gnutls_session_t session = nullptr;
    if (gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA) != 0) return nullptr;
    std::array<unsigned char, 2> protocol = {'h', '3'};
    const gnutls_datum_t alpn = {protocol.data(), static_cast<unsigned>(protocol.size())};
    gnutls_priority_set(session, priority_);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials_);
    gnutls_alpn_set_protocols(session, &alpn, 1, GNUTLS_ALPN_MANDATORY);
    in6_addr ignored{};
    const bool is_address = ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
                            ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
    if (!is_address) gnutls_server_name_set(session, GNUTLS_NAME_DNS, host.data(), host.size());
    ngtcp2_crypto_gnutls_configure_client_session(session);
    return session;
  }

 private:
  gnutls_certificate_credentials_t credentials_ = nullptr;
  gnutls_priority_t priority_ = nullptr;
};

}  // namespace

QuicNative::~QuicNative() {
  if (connection != nullptr) ngtcp2_conn_del(connection);
  if (session != nullptr) gnutls_deinit(session);
}

gnutls_session_t new_client_session(const std::string& host) {
  static const Tls tls;
  return tls.new_session(host);
}

}  // namespace parley::bench
