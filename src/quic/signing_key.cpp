#include "quic/signing_key.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <string_view>

namespace parley {
namespace {

using Bio = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;

/// Nobody is asked for the password of a key that has one.
int no_password(char*, int, int, void*) { return -1; }

/// The key if OpenSSL can read it and it is one on P-256; null otherwise.
Key p256_key(const std::string& pem) {
  const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
  ERR_clear_error();
  std::array<char, 32> group{};
  std::size_t length = 0;
  const bool is_p256 =
      key != nullptr && EVP_PKEY_is_a(key.get(), "EC") == 1 &&
      EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &length) == 1 &&
      std::string_view(group.data(), length) == SN_X9_62_prime256v1;
  return is_p256 ? std::move(key) : nullptr;
}

/// What GnuTLS asks of a key that is not its own.
struct Hooks {
  static int sign(gnutls_privkey_t, gnutls_sign_algorithm_t, void* key, unsigned,
                  const gnutls_datum_t* hash, gnutls_datum_t* signature) {
    const KeyContext context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, static_cast<EVP_PKEY*>(key), nullptr));
    std::size_t bytes = 0;
    const bool is_sized =
        context != nullptr && EVP_PKEY_sign_init(context.get()) == 1 &&
        EVP_PKEY_sign(context.get(), nullptr, &bytes, hash->data, hash->size) == 1;
    if (!is_sized) return failed();
    auto* space = static_cast<unsigned char*>(gnutls_malloc(bytes));
    if (space == nullptr) return GNUTLS_E_MEMORY_ERROR;
    if (EVP_PKEY_sign(context.get(), space, &bytes, hash->data, hash->size) != 1) {
      gnutls_free(space);
      return failed();
    }
    *signature = {space, static_cast<unsigned>(bytes)};
    return 0;
  }

  static int failed() {
    ERR_clear_error();
    return GNUTLS_E_PK_SIGN_FAILED;
  }

  static int describe(gnutls_privkey_t, unsigned flags, void*) {
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0) return GNUTLS_PK_ECDSA;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0) return 256;
    if ((flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) == 0) return -1;
    // The first is what TLS 1.3 calls it (RFC 8446 §4.2.3), the second what certificates do.
    const auto asked = static_cast<gnutls_sign_algorithm_t>(GNUTLS_FLAGS_TO_SIGN_ALGO(flags));
    return asked == GNUTLS_SIGN_ECDSA_SECP256R1_SHA256 || asked == GNUTLS_SIGN_ECDSA_SHA256 ? 1 : 0;
  }

  static void free(gnutls_privkey_t, void* key) { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); }
};

}  // namespace

Result<SigningKey> read_signing_key(const std::string& pem) {
  gnutls_privkey_t raw = nullptr;
  if (gnutls_privkey_init(&raw) < 0) return fail("out of memory for a private key");
  SigningKey made(raw);
  if (EVP_PKEY* key = p256_key(pem).release(); key != nullptr) {
    const int failed = gnutls_privkey_import_ext4(
        raw, key, /*sign_data_fn=*/nullptr, Hooks::sign, /*decrypt_fn=*/nullptr, Hooks::free,
        Hooks::describe, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE);
    if (failed == 0) return made;
    EVP_PKEY_free(key);
    return fail(std::string("the private key cannot be used: ") + gnutls_strerror(failed));
  }
  // GnuTLS takes what it only reads as unsigned char*.
  auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(pem.data()));
  const gnutls_datum_t text{bytes, static_cast<unsigned>(pem.size())};
  const int failed =
      gnutls_privkey_import_x509_raw(raw, &text, GNUTLS_X509_FMT_PEM, nullptr, /*flags=*/0);
  if (failed < 0)
    return fail(std::string("the private key cannot be read: ") + gnutls_strerror(failed));
  return made;
}

}  // namespace parley
