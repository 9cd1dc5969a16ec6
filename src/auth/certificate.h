#pragma once
// Certificate: a certificate chain with its key, as PEM, and what the server needs to know of it.

#include <chrono>
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
  UnixMillis not_before;
  UnixMillis not_after;
  /// Nobody else vouches for it, so browsers must be told its hash.
  bool is_self_signed = false;
};

/// Reads a chain and its key. An error says which of them is wrong and how.
[[nodiscard]] Result<Certificate> read_certificate(std::string chain_pem, std::string key_pem);
/// The same from files.
[[nodiscard]] Result<Certificate> load_certificate(const std::string& chain_file,
                                                   const std::string& key_file);

/// How long a certificate that is known by its hash may live, with a day to spare: browsers refuse
/// more than 14 days, and keys other than ECDSA on P-256 or P-384.
inline constexpr auto self_signed_life = std::chrono::hours(13 * 24);

/// Makes a self-signed one (ECDSA P-256) for `names` (host names and IP addresses), valid from an
/// hour before `now`, since clocks differ.
[[nodiscard]] Result<Certificate> make_certificate(const std::vector<std::string>& names,
                                                   UnixMillis now,
                                                   std::chrono::hours life = self_signed_life);

}  // namespace parley
