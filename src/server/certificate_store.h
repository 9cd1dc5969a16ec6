#pragma once
// CertificateStore: the certificate this process shows, where it comes from, and the next one.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "auth/certificate.h"
#include "base/result.h"
#include "base/time.h"
#include "stats/metrics.h"

namespace parley {

struct CertificateRules {
  /// A chain and its key, or both empty for a self-signed certificate.
  std::string chain_file, key_file;
  /// Where a self-signed one is kept over restarts; empty keeps it in memory only.
  std::string self_signed_folder;
  /// Whom a self-signed one is for.
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
};

/// Any thread, once it is open. Everything that shows the certificate is told of a new one through
/// `on_change`, from the thread that calls reload() or tick(); what refuses it makes the old one
/// stay.
class CertificateStore {
 public:
  using OnChange = std::function<Result<void>(const Certificate&)>;
  /// A self-signed certificate is replaced when it has this long to live; its successor's hash is
  /// published for `announced` before that.
  static constexpr auto renew_before = std::chrono::hours(72);
  static constexpr auto announced = std::chrono::hours(24);

  explicit CertificateStore(CertificateRules rules) : rules_(std::move(rules)) {}

  /// Reads or makes the certificate. Before anything else here.
  [[nodiscard]] Result<void> open(UnixMillis now);
  /// Has `on_change` called for the present certificate, and for each that follows. Before threads.
  [[nodiscard]] Result<void> watch(OnChange on_change);

  /// Reads the files again (SIGHUP). On an error everything stays as it was.
  [[nodiscard]] Result<void> reload();
  /// Makes and brings in the next self-signed certificate when it is time. Now and then.
  [[nodiscard]] Result<void> tick(UnixMillis now);

  /// The hashes by which a page may know this server: none when the certificate is not self-signed.
  [[nodiscard]] std::vector<std::string> hashes() const;
  [[nodiscard]] Certificate current() const;
  /// What it counts, for /metrics.
  [[nodiscard]] std::vector<NamedCell> cells() const;

 private:
  [[nodiscard]] bool makes_its_own() const { return rules_.chain_file.empty(); }
  std::optional<Certificate> kept(UnixMillis now) const;
  void keep(const Certificate& certificate) const;
  Result<void> renew(UnixMillis now);
  Result<void> read_again();
  Result<void> bring_in(Certificate certificate);
  void show(Certificate certificate);
  Result<void> counted(Result<void> change);

  const CertificateRules rules_;
  std::vector<OnChange> watchers_;
  mutable std::mutex mutex_;
  Certificate current_;              // under mutex_
  std::optional<Certificate> next_;  // under mutex_
  Cell changes_, failures_, expires_at_;
};

}  // namespace parley
