#include "server/certificate_store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.h"

namespace parley {
namespace {

namespace fs = std::filesystem;

constexpr auto chain_name = "certificate.pem";
constexpr auto key_name = "key.pem";
constexpr std::uint64_t milliseconds_per_second = 1000;

std::chrono::milliseconds left_of(const Certificate& certificate, UnixMillis now) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(certificate.not_after.count) -
                                   static_cast<std::int64_t>(now.count));
}

}  // namespace

Result<void> CertificateStore::open(UnixMillis now) {
  if (!makes_its_own()) {
    auto loaded = load_certificate(rules_.chain_file, rules_.key_file);
    if (!loaded) return tl::unexpected(loaded.error());
    if (left_of(*loaded, now).count() <= 0)
      log_warning("the certificate has expired", {{"file", rules_.chain_file}});
    show(std::move(*loaded));
    return {};
  }
  if (auto found = kept(now)) {
    show(std::move(*found));
    return {};
  }
  auto made = make_certificate(rules_.names, now);
  if (!made) return tl::unexpected(made.error());
  keep(*made);
  show(std::move(*made));
  return {};
}

Result<void> CertificateStore::watch(OnChange on_change) {
  if (auto taken = on_change(current_); !taken) return taken;
  watchers_.push_back(std::move(on_change));
  return {};
}

Result<void> CertificateStore::reload() {
  return makes_its_own() ? Result<void>{} : counted(read_again());
}

Result<void> CertificateStore::tick(UnixMillis now) {
  if (!makes_its_own()) return {};
  return renew(now);
}

Result<void> CertificateStore::read_again() {
  auto loaded = load_certificate(rules_.chain_file, rules_.key_file);
  if (!loaded) return tl::unexpected(loaded.error());
  return bring_in(std::move(*loaded));
}

Result<void> CertificateStore::renew(UnixMillis now) {
  const auto left = left_of(current(), now);
  if (left > renew_before + announced) return {};
  if (const std::lock_guard lock(mutex_); !next_) {
    auto made = make_certificate(rules_.names, now);
    if (!made) return tl::unexpected(made.error());
    next_ = std::move(*made);
  }
  if (left > renew_before) return {};
  Certificate successor = *next_;
  keep(successor);
  return counted(bring_in(std::move(successor)));
}

Result<void> CertificateStore::bring_in(Certificate certificate) {
  for (auto watcher = watchers_.begin(); watcher != watchers_.end(); ++watcher) {
    auto taken = (*watcher)(certificate);
    if (taken) continue;
    // All show the same one. Those before it have shown the old one before, and can again.
    const Certificate old = current();
    std::for_each(watchers_.begin(), watcher, [&old](const OnChange& one) { (void)one(old); });
    return taken;
  }
  show(std::move(certificate));
  return {};
}

void CertificateStore::show(Certificate certificate) {
  const std::lock_guard lock(mutex_);
  current_ = std::move(certificate);
  next_.reset();
  expires_at_.set(current_.not_after.count / milliseconds_per_second);
}

Result<void> CertificateStore::counted(Result<void> change) {
  (change ? changes_ : failures_).add();
  return change;
}

std::vector<NamedCell> CertificateStore::cells() const {
  constexpr std::string_view changes = "parley_certificate_changes_total";
  constexpr std::string_view help = "Attempts to show another certificate, by their outcome.";
  return {{"parley_certificate_expires_at_seconds",
           "When the certificate that is shown ends, in Unix time.",
           &expires_at_,
           {},
           {},
           true},
          {changes, help, &changes_, "outcome", "changed"},
          {changes, help, &failures_, "outcome", "failed"}};
}

std::vector<std::string> CertificateStore::hashes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> hashes;
  if (current_.is_self_signed) hashes.push_back(current_.sha256);
  if (next_) hashes.push_back(next_->sha256);
  return hashes;
}

Certificate CertificateStore::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::optional<Certificate> CertificateStore::kept(UnixMillis now) const {
  if (rules_.self_signed_folder.empty()) return std::nullopt;
  const fs::path folder = rules_.self_signed_folder;
  auto found = load_certificate(folder / chain_name, folder / key_name);
  const auto covers = [&](const std::string& name) { return is_for(*found, name); };
  if (!found || left_of(*found, now) <= renew_before || !std::ranges::all_of(rules_.names, covers))
    return std::nullopt;
  return std::move(*found);
}

void CertificateStore::keep(const Certificate& certificate) const {
  if (rules_.self_signed_folder.empty()) return;
  const fs::path folder = rules_.self_signed_folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (auto kept = write_certificate(certificate, folder / chain_name, folder / key_name); !kept)
    log_warning("the certificate cannot be kept for the next start",
                {{"why", error ? error.message() : kept.error().message}});
}

}  // namespace parley
