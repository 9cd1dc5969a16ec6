#pragma once
// Certificate: a certificate chain with its key, as PEM, and what the server needs to know of it.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace parley {

struct Certificate {
  std::string chain_pem;  ///< the server's own first
  std::string key_pem;
  /// SHA-256 of the server's own certificate (DER), in base64: what a page passes as
  /// serverCertificateHashes.
  std::string sha256;
  std::string subject;
  std::string names;  ///< whom it is for, as "DNS:localhost, IP Address:127.0.0.1"
  UnixMillis not_before;
  UnixMillis not_after;
  /// Nobody else vouches for it, so browsers must be told its hash.
  bool is_self_signed = false;
  /// Its key is ECDSA on P-256 or P-384: the only ones browsers take by their hash.
  bool is_ecdsa = false;

  [[nodiscard]] std::chrono::milliseconds life() const {
    return std::chrono::milliseconds(static_cast<std::int64_t>(not_after.count) -
                                     static_cast<std::int64_t>(not_before.count));
  }
};

/// Reads a chain alone; the key stays empty.
[[nodiscard]] Result<Certificate> read_chain(std::string chain_pem);
/// Reads a chain and its key. An error says which of them is wrong and how.
[[nodiscard]] Result<Certificate> read_certificate(std::string chain_pem, std::string key_pem);
/// The same from files of at most 1 MiB.
[[nodiscard]] Result<Certificate> load_chain(const std::string& chain_file);
[[nodiscard]] Result<Certificate> load_certificate(const std::string& chain_file,
                                                   const std::string& key_file);

/// Whether it is for this host name or IP address (RFC 6125 §6.4).
[[nodiscard]] bool is_for(const Certificate& certificate, const std::string& name);

/// Writes both files, the key for its owner alone. What stood there is replaced at once or not at
/// all.
[[nodiscard]] Result<void> write_certificate(const Certificate& certificate,
                                             const std::string& chain_file,
                                             const std::string& key_file);

/// Longer than this browsers do not take a certificate by its hash.
inline constexpr auto hashed_life_max = std::chrono::hours(14 * 24);
/// How long our own live: with a day to spare.
inline constexpr auto self_signed_life = std::chrono::hours(13 * 24);

/// Makes a self-signed one (ECDSA P-256) for `names` (host names and IP addresses), valid from an
/// hour before `now`, since clocks differ. An error names the name that cannot stand in one.
[[nodiscard]] Result<Certificate> make_certificate(const std::vector<std::string>& names,
                                                   UnixMillis now,
                                                   std::chrono::hours life = self_signed_life);

}  // namespace parley
