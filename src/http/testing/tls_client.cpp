#include "http/testing/tls_client.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

#include "base/check.h"

namespace parley {

TlsClient::TlsClient(const TlsClientRules& rules)
    : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
      ssl_(SSL_new(context_.get()), SSL_free) {
  check(ssl_ != nullptr, "out of memory");
  SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (!rules.alpn.empty())
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(rules.alpn.data()),
                        static_cast<unsigned>(rules.alpn.size()));
  if (rules.only_tls_1_2) SSL_set_max_proto_version(ssl_.get(), TLS1_2_VERSION);
  if (rules.small_records)
    SSL_set_tlsext_max_fragment_length(ssl_.get(), TLSEXT_max_fragment_length_512);
  SSL_set_connect_state(ssl_.get());
  go_on();
}

TlsClient::~TlsClient() = default;

void TlsClient::hear_wire(std::string_view bytes) {
  if (!bytes.empty())
    BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
  go_on();
}

std::string TlsClient::take_wire() {
  std::array<char, 16 * 1024> part{};
  std::string taken;
  for (int count = 0; (count = BIO_read(SSL_get_wbio(ssl_.get()), part.data(), part.size())) > 0;)
    taken.append(part.data(), static_cast<std::size_t>(count));
  return taken;
}

void TlsClient::say(std::string_view text) {
  ERR_clear_error();
  const int said = SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  check(said == static_cast<int>(text.size()), "the test's client cannot seal");
}

void TlsClient::close() { SSL_shutdown(ssl_.get()); }

void TlsClient::ask_key_update() {
  SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
  SSL_do_handshake(ssl_.get());
}

void TlsClient::renegotiate() {
  SSL_renegotiate(ssl_.get());
  SSL_do_handshake(ssl_.get());
}

bool TlsClient::is_secure() const { return SSL_is_init_finished(ssl_.get()) == 1; }

bool TlsClient::heard_close() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string TlsClient::server_name() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  std::array<char, 256> name{};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            name.size());
  return name.data();
}

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string TlsClient::version() const { return SSL_get_version(ssl_.get()); }

void TlsClient::go_on() {
  std::array<char, 16 * 1024> part{};
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), part.data(), part.size());
    if (count > 0) {
      heard_.append(part.data(), static_cast<std::size_t>(count));
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), count);
    has_failed_ = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN;
    return;
  }
}

}  // namespace parley
