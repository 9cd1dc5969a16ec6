#include "quic/quic_tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <array>
#include <atomic>
#include <utility>

#include "base/check.h"
#include "quic/quic_handshake.h"
#include "quic/signing_key.h"

namespace parley {
namespace {

/// QUIC is TLS 1.3 (RFC 9001 §4.2). AES-128-GCM costs a seventh of ChaCha20 here, so the server
/// chooses. No compatibility mode: RFC 9001 §8.4 forbids it.
constexpr const char* priorities =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:"
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:"
    "%SERVER_PRECEDENCE:%DISABLE_TLS13_COMPAT_MODE";

gnutls_datum_t datum_of(const std::string& text) {
  // GnuTLS takes what it only reads as unsigned char*.
  auto* bytes = const_cast<char*>(text.data());
  return {reinterpret_cast<unsigned char*>(bytes), static_cast<unsigned>(text.size())};
}

/// Certificates that a chain may have.
constexpr unsigned chain_max = 16;

/// A chain of certificates until GnuTLS takes it over.
class Chain {
 public:
  Chain() = default;
  ~Chain() {
    for (unsigned i = 0; i < count_; ++i) gnutls_pcert_deinit(&certificates_[i]);
  }
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  /// An error says why it cannot be read.
  Result<void> read(const std::string& pem) {
    const gnutls_datum_t text = datum_of(pem);
    unsigned count = chain_max;
    const int failed = gnutls_pcert_list_import_x509_raw(
        certificates_.data(), &count, &text, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);
    if (failed < 0)
      return fail(std::string("the certificate chain cannot be read: ") + gnutls_strerror(failed));
    count_ = count;
    if (count_ == 0) return fail("the certificate chain holds no certificate");
    return {};
  }

  /// What GnuTLS says; negative is an error.
  int give_to(gnutls_certificate_credentials_t credentials, SigningKey key) {
    gnutls_privkey_t raw = key.release();
    const int failed = gnutls_certificate_set_key(
        credentials, /*names=*/nullptr, 0, certificates_.data(), static_cast<int>(count_), raw);
    if (failed < 0)
      gnutls_privkey_deinit(raw);
    else
      count_ = 0;
    return failed;
  }

 private:
  std::array<gnutls_pcert_st, chain_max> certificates_{};
  unsigned count_ = 0;
};

}  // namespace

TlsCredentials::~TlsCredentials() {
  if (certificate != nullptr) gnutls_certificate_free_credentials(certificate);
}

struct QuicTls::Impl {
  Impl() {
    check(gnutls_priority_init(&priority, priorities, nullptr) == 0,
          "GnuTLS does not know our priorities");
  }
  ~Impl() { gnutls_priority_deinit(priority); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  gnutls_priority_t priority = nullptr;
  std::atomic<std::shared_ptr<const TlsCredentials>> credentials;
};

QuicTls::QuicTls() : impl_(std::make_unique<Impl>()) {}
QuicTls::~QuicTls() = default;

Result<void> QuicTls::load(const std::string& chain_pem, const std::string& key_pem) {
  Chain chain;
  if (auto read = chain.read(chain_pem); !read) return read;
  auto key = read_signing_key(key_pem);
  if (!key) return tl::unexpected(key.error());

  auto credentials = std::make_shared<TlsCredentials>();
  if (gnutls_certificate_allocate_credentials(&credentials->certificate) < 0)
    return fail("out of memory for a certificate");
  const int failed = chain.give_to(credentials->certificate, std::move(*key));
  if (failed == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
    return fail("the private key does not belong to the certificate");
  if (failed < 0)
    return fail(std::string("the certificate cannot be used: ") + gnutls_strerror(failed));
  impl_->credentials.store(std::move(credentials));
  return {};
}

QuicHandshake::QuicHandshake(std::shared_ptr<const TlsCredentials> credentials)
    : credentials_(std::move(credentials)) {}

QuicHandshake::~QuicHandshake() {
  if (session_ != nullptr) gnutls_deinit(session_);
}

std::unique_ptr<QuicHandshake> QuicHandshake::begin(const QuicTls& tls,
                                                    ngtcp2_crypto_conn_ref& connection) {
  auto credentials = tls.impl_->credentials.load();
  if (credentials == nullptr) return nullptr;
  std::unique_ptr<QuicHandshake> handshake(new QuicHandshake(std::move(credentials)));
  constexpr unsigned flags =
      GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_TICKETS | GNUTLS_NO_END_OF_EARLY_DATA;
  if (gnutls_init(&handshake->session_, flags) < 0) return nullptr;
  gnutls_session_t session = handshake->session_;
  static const gnutls_datum_t h3 = {reinterpret_cast<unsigned char*>(const_cast<char*>("h3")), 2};
  const bool is_set =
      gnutls_priority_set(session, tls.impl_->priority) >= 0 &&
      gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                             handshake->credentials_->certificate) >= 0 &&
      gnutls_alpn_set_protocols(session, &h3, 1,
                                GNUTLS_ALPN_MANDATORY | GNUTLS_ALPN_SERVER_PRECEDENCE) >= 0 &&
      ngtcp2_crypto_gnutls_configure_server_session(session) == 0;
  if (!is_set) return nullptr;
  gnutls_session_set_ptr(session, &connection);
  return handshake;
}

}  // namespace parley
