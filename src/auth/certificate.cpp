#include "auth/certificate.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/freed_by.h"

namespace parley {
namespace {

using Bio = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;
using X509Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>>;

constexpr std::int64_t milliseconds_per_second = 1000;

Bio reading(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string why() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

UnixMillis time_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return {static_cast<std::uint64_t>(timegm(&parts) * milliseconds_per_second)};
}

std::string sha256_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string text(4 * ((size + 2) / 3), '\0');
  // Writes a zero behind the text, where std::string keeps one anyway.
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(),
                  static_cast<int>(size));
  return text;
}

std::string subject_of(const X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  return contents(out.get());
}

std::string names_of(const X509* certificate) {
  const int place = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  if (place < 0) return {};
  const Bio out(BIO_new(BIO_s_mem()));
  X509V3_EXT_print(out.get(), X509_get_ext(certificate, place), 0, 0);
  return contents(out.get());
}

bool has_ecdsa_key(const X509* certificate) {
  const EVP_PKEY* const key = X509_get0_pubkey(certificate);
  std::array<char, 64> group{};
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) != 1)
    return false;
  const std::string_view name = group.data();
  return name == "prime256v1" || name == "P-256" || name == "secp384r1" || name == "P-384";
}

/// Longer than any chain; a wrong name in the settings may be that of anything.
constexpr std::size_t file_bytes_max = std::size_t{1024} * 1024;

Result<std::string> file_contents(std::string_view what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(file_bytes_max + 1, '\0');
  if (!file || (file.read(text.data(), static_cast<std::streamsize>(text.size())), file.bad()))
    return fail(fmt::format("cannot read the {} {}", what, path));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > file_bytes_max)
    return fail(fmt::format("{} is no {}: it is too large", path, what));
  return text;
}

/// Written beside `path` first: readers see the old file or the new one.
bool write_file(const std::string& path, const std::string& text, mode_t mode) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(file) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0;
}

/// What may stand in a certificate: a host name, a wildcard, an IP address.
bool is_name(const std::string& name) {
  constexpr std::string_view marks = ".-:*_";
  return !name.empty() && name.size() < 254 &&
         std::ranges::all_of(
             name,
             [&](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      marks.find(c) != std::string_view::npos;
             });
}

bool is_address(const std::string& name) {
  return name.find_first_not_of("0123456789.") == std::string::npos ||
         name.find(':') != std::string::npos;
}

/// "DNS:localhost,IP:127.0.0.1"
std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ',';
    list += (is_address(name) ? "IP:" : "DNS:") + name;
  }
  return list;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

void set_serial(X509* certificate) {
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
}

void set_name(X509* certificate, const std::string& name) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
}

bool sign(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, UnixMillis now,
          std::chrono::hours life) {
  const auto seconds = static_cast<std::time_t>(now.count / milliseconds_per_second);
  const std::time_t begins = seconds - 3600;
  X509_set_version(certificate, X509_VERSION_3);
  set_serial(certificate);
  ASN1_TIME_set(X509_getm_notBefore(certificate), begins);
  ASN1_TIME_set(X509_getm_notAfter(certificate),
                begins + std::chrono::duration_cast<std::chrono::seconds>(life).count());
  set_name(certificate, names.front().substr(0, ub_common_name));
  X509_set_pubkey(certificate, key);
  return add_extension(certificate, NID_subject_alt_name, alternative_names(names)) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

}  // namespace

Result<Certificate> read_chain(std::string chain_pem) {
  const X509Certificate own(PEM_read_bio_X509(reading(chain_pem).get(), nullptr, nullptr, nullptr));
  if (own == nullptr) return fail("the certificate is not PEM: " + why());
  Certificate certificate;
  certificate.sha256 = sha256_of(own.get());
  certificate.subject = subject_of(own.get());
  certificate.not_before = time_of(X509_get0_notBefore(own.get()));
  certificate.not_after = time_of(X509_get0_notAfter(own.get()));
  certificate.names = names_of(own.get());
  certificate.is_self_signed = X509_self_signed(own.get(), 0) == 1;
  certificate.is_ecdsa = has_ecdsa_key(own.get());
  certificate.chain_pem = std::move(chain_pem);
  return certificate;
}

Result<Certificate> read_certificate(std::string chain_pem, std::string key_pem) {
  const X509Certificate own(PEM_read_bio_X509(reading(chain_pem).get(), nullptr, nullptr, nullptr));
  auto certificate = read_chain(std::move(chain_pem));
  if (!certificate) return certificate;
  if (key_pem.find("ENCRYPTED") != std::string::npos)
    return fail(
        "the key is encrypted with a password, which nobody could type when the server starts; "
        "`openssl pkey -in KEY -out PLAIN_KEY` writes it without");
  // Without a password of ours OpenSSL would ask for one at the terminal.
  static char no_password[] = "";
  const Key key(PEM_read_bio_PrivateKey(reading(key_pem).get(), nullptr, nullptr, no_password));
  if (key == nullptr) return fail("the key is not PEM: " + why());
  if (X509_check_private_key(own.get(), key.get()) != 1) {
    ERR_clear_error();
    return fail("the key is not that of the certificate");
  }
  certificate->key_pem = std::move(key_pem);
  return certificate;
}

Result<Certificate> load_chain(const std::string& chain_file) {
  auto chain = file_contents("certificate", chain_file);
  if (!chain) return tl::unexpected(chain.error());
  auto certificate = read_chain(std::move(*chain));
  if (!certificate) return fail(fmt::format("{}: {}", chain_file, certificate.error().message));
  return certificate;
}

Result<Certificate> load_certificate(const std::string& chain_file, const std::string& key_file) {
  auto chain = file_contents("certificate", chain_file);
  if (!chain) return tl::unexpected(chain.error());
  auto key = file_contents("key", key_file);
  if (!key) return tl::unexpected(key.error());
  auto certificate = read_certificate(std::move(*chain), std::move(*key));
  if (!certificate)
    return fail(fmt::format("{} with {}: {}", chain_file, key_file, certificate.error().message));
  return certificate;
}

bool is_for(const Certificate& certificate, const std::string& name) {
  const X509Certificate own(
      PEM_read_bio_X509(reading(certificate.chain_pem).get(), nullptr, nullptr, nullptr));
  if (own == nullptr) return false;
  return is_address(name) ? X509_check_ip_asc(own.get(), name.c_str(), 0) == 1
                          : X509_check_host(own.get(), name.c_str(), name.size(), 0, nullptr) == 1;
}

Result<void> write_certificate(const Certificate& certificate, const std::string& chain_file,
                               const std::string& key_file) {
  constexpr mode_t for_owner = 0600;
  constexpr mode_t for_all = 0644;
  if (!write_file(key_file, certificate.key_pem, for_owner))
    return fail(fmt::format("cannot write {}", key_file));
  if (!write_file(chain_file, certificate.chain_pem, for_all))
    return fail(fmt::format("cannot write {}", chain_file));
  return {};
}

Result<Certificate> make_certificate(const std::vector<std::string>& names, UnixMillis now,
                                     std::chrono::hours life) {
  check(!names.empty(), "a certificate is for somebody");
  for (const std::string& name : names)
    if (!is_name(name)) return fail(fmt::format("\"{}\" is no host name and no address", name));
  const Key key(EVP_EC_gen("P-256"));
  const X509Certificate made(X509_new());
  if (key == nullptr || made == nullptr || !sign(made.get(), key.get(), names, now, life))
    return fail("cannot make a certificate: " + why());

  const Bio chain(BIO_new(BIO_s_mem()));
  const Bio secret(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(chain.get(), made.get());
  PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return read_certificate(contents(chain.get()), contents(secret.get()));
}

}  // namespace parley
