#include "quic/quic_dial.h"

#include <arpa/inet.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

#include <utility>

#include "base/check.h"
#include "quic/quic_cid.h"
#include "quic/to_ngtcp2.h"

namespace parley {
namespace {

constexpr std::size_t our_cid_bytes = 8;

bool is_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

int new_cid(ngtcp2_conn* /*connection*/, ngtcp2_cid* cid, std::uint8_t* token, std::size_t bytes,
            void* /*user_data*/) {
  *cid = random_cid(bytes);
  fill_random({token, NGTCP2_STATELESS_RESET_TOKENLEN});
  return 0;
}

void random(std::uint8_t* out, std::size_t bytes, const ngtcp2_rand_ctx* /*context*/) {
  fill_random({out, bytes});
}

}  // namespace

QuicClientTls::QuicClientTls(const std::string& ciphers) {
  const std::string priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:" + ciphers +
                                 ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1"
                                 ":%DISABLE_TLS13_COMPAT_MODE";
  check(gnutls_certificate_allocate_credentials(&credentials_) == 0, "no memory for TLS");
  check(gnutls_priority_init(&priority_, priorities.c_str(), nullptr) == 0,
        "GnuTLS does not know our priorities");
}

QuicClientTls::~QuicClientTls() {
  gnutls_priority_deinit(priority_);
  gnutls_certificate_free_credentials(credentials_);
}

ngtcp2_cid random_cid(std::size_t bytes) {
  ngtcp2_cid cid{};
  cid.datalen = bytes;
  fill_random({cid.data, bytes});
  return cid;
}

ngtcp2_callbacks QuicDial::callbacks() {
  ngtcp2_callbacks made{};
  made.client_initial = ngtcp2_crypto_client_initial_cb;
  made.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  made.encrypt = ngtcp2_crypto_encrypt_cb;
  made.decrypt = ngtcp2_crypto_decrypt_cb;
  made.hp_mask = ngtcp2_crypto_hp_mask_cb;
  made.recv_retry = ngtcp2_crypto_recv_retry_cb;
  made.update_key = ngtcp2_crypto_update_key_cb;
  made.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  made.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  made.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  made.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  made.get_new_connection_id = new_cid;
  made.rand = random;
  return made;
}

Result<std::unique_ptr<QuicDial>> QuicDial::begin(const QuicClientTls& tls, Options options,
                                                  const ngtcp2_callbacks& callbacks,
                                                  void* user_data) {
  std::unique_ptr<QuicDial> dial(new QuicDial);
  if (auto begun = dial->begin_tls(tls, options); !begun) return fail(begun.error().message);

  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = timestamp(monotonic_now());
  if (options.handshake_timeout != Duration::max())
    settings.handshake_timeout = duration_of(options.handshake_timeout);
  settings.token = options.token.data();
  settings.tokenlen = options.token.size();
  const ngtcp2_cid our_cid = random_cid(our_cid_bytes);
  const ngtcp2_path path = to_ngtcp2(options.path);
  const int failed = ngtcp2_conn_client_new(&dial->connection_, &options.server_cid, &our_cid,
                                            &path, NGTCP2_PROTO_VER_V1, &callbacks, &settings,
                                            &options.params, nullptr, user_data);
  if (failed != 0) return fail(std::string("ngtcp2: ") + ngtcp2_strerror(failed));
  ngtcp2_conn_set_tls_native_handle(dial->connection_, dial->session_);
  return dial;
}

QuicDial::~QuicDial() {
  if (connection_ != nullptr) ngtcp2_conn_del(connection_);
  if (session_ != nullptr) gnutls_deinit(session_);
}

Result<void> QuicDial::begin_tls(const QuicClientTls& tls, const Options& options) {
  if (gnutls_init(&session_, GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA) < 0)
    return fail("GnuTLS makes no session");
  std::string protocol = options.alpn;
  const gnutls_datum_t alpn = {reinterpret_cast<unsigned char*>(protocol.data()),
                               static_cast<unsigned>(protocol.size())};
  const bool is_set =
      gnutls_priority_set(session_, tls.priority_) >= 0 &&
      gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, tls.credentials_) >= 0 &&
      gnutls_alpn_set_protocols(session_, &alpn, 1, GNUTLS_ALPN_MANDATORY) >= 0 &&
      ngtcp2_crypto_gnutls_configure_client_session(session_) == 0;
  if (!is_set) return fail("GnuTLS refuses the settings of a session");
  const std::string& host = options.host;
  if (!host.empty() && !is_address(host) &&
      gnutls_server_name_set(session_, GNUTLS_NAME_DNS, host.data(), host.size()) < 0)
    return fail("GnuTLS refuses the name of the server");
  reference_.user_data = this;
  reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
    return static_cast<QuicDial*>(reference->user_data)->connection_;
  };
  gnutls_session_set_ptr(session_, &reference_);
  return {};
}

}  // namespace parley
