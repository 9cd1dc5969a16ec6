#include "http/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/freed_by.h"

namespace parley {
namespace {

using Bio = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;
using X509Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using Context = std::shared_ptr<SSL_CTX>;

constexpr auto ciphers_of_tls_1_3 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr auto ciphers_of_tls_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr auto groups = "X25519:P-256:P-384";
constexpr std::string_view protocols = "\x08http/1.1";

Bio reading(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

tl::unexpected<Error> failed(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return fail(reason == nullptr ? what : what + ": " + reason);
}

/// A client that offers protocols, but not ours, is refused (RFC 7301 §3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* place = nullptr;
  const int found = SSL_select_next_proto(&place, chosen_size,
                                          reinterpret_cast<const unsigned char*>(protocols.data()),
                                          protocols.size(), offered, offered_size);
  *chosen = place;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

Context new_context() {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  check(context != nullptr, "out of memory");
  SSL_CTX* const raw = context.get();
  const bool is_set = SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1 &&
                      SSL_CTX_set_ciphersuites(raw, ciphers_of_tls_1_3) == 1 &&
                      SSL_CTX_set_cipher_list(raw, ciphers_of_tls_1_2) == 1 &&
                      SSL_CTX_set1_groups_list(raw, groups) == 1 &&
                      SSL_CTX_set_num_tickets(raw, 0) == 1;
  check(is_set, "OpenSSL does not know our rules");
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                               SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  // A quiet connection holds no buffers; a busy one reads many small records with one system call.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(raw, 1);
  return context;
}

Result<void> use_chain(SSL_CTX* context, const std::string& chain_pem) {
  const Bio in = reading(chain_pem);
  const X509Certificate own(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (own == nullptr) return failed("the certificate chain cannot be read");
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    return failed("the certificate cannot be used");
  for (;;) {
    const X509Certificate next(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (next == nullptr) break;
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1)
      return failed("the certificate chain cannot be used");
  }
  const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!is_at_end) return failed("the certificate chain cannot be read");
  ERR_clear_error();
  return {};
}

Result<void> use_key(SSL_CTX* context, const std::string& key_pem) {
  // Without a word of ours OpenSSL would ask the terminal for the password of an encrypted key.
  static char no_password[] = "";
  const Key key(PEM_read_bio_PrivateKey(reading(key_pem).get(), nullptr, nullptr, no_password));
  if (key == nullptr) return failed("the private key cannot be read");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return failed("the private key does not belong to the certificate");
  return {};
}

}  // namespace

Result<void> TlsContext::load(const std::string& chain_pem, const std::string& key_pem) {
  ERR_clear_error();
  Context context = new_context();
  if (auto used = use_chain(context.get(), chain_pem); !used) return used;
  if (auto used = use_key(context.get(), key_pem); !used) return used;
  context_.store(std::move(context));
  return {};
}

std::unique_ptr<TlsStream> TlsContext::accept(int native_socket) const {
  const Context context = context_.load();
  if (context == nullptr) return nullptr;
  Ssl ssl(SSL_new(context.get()));
  check(ssl != nullptr, "out of memory");
  return std::make_unique<TlsStream>(std::move(ssl), native_socket);
}

}  // namespace parley
