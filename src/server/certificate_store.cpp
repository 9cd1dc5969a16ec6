#include "server/certificate_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/log.h"

namespace parley {
namespace {

namespace fs = std::filesystem;

constexpr auto chain_name = "certificate.pem";
constexpr auto key_name = "key.pem";

bool write_file(const fs::path& path, const std::string& text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return false;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  return ::close(file) == 0 && written;
}

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
    current_ = std::move(*loaded);
    return {};
  }
  if (auto found = kept(now)) {
    current_ = std::move(*found);
    return {};
  }
  auto made = make_certificate(rules_.names, now);
  if (!made) return tl::unexpected(made.error());
  keep(*made);
  current_ = std::move(*made);
  return {};
}

Result<void> CertificateStore::watch(OnChange on_change) {
  if (auto taken = on_change(current_); !taken) return taken;
  watchers_.push_back(std::move(on_change));
  return {};
}

Result<void> CertificateStore::reload() {
  if (makes_its_own()) return {};
  auto loaded = load_certificate(rules_.chain_file, rules_.key_file);
  if (!loaded) return tl::unexpected(loaded.error());
  return bring_in(std::move(*loaded));
}

Result<void> CertificateStore::tick(UnixMillis now) {
  if (!makes_its_own()) return {};
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
  return bring_in(std::move(successor));
}

Result<void> CertificateStore::bring_in(Certificate certificate) {
  for (const OnChange& watcher : watchers_)
    if (auto taken = watcher(certificate); !taken) return taken;
  const std::lock_guard lock(mutex_);
  current_ = std::move(certificate);
  next_.reset();
  return {};
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
  if (!found || left_of(*found, now) <= renew_before) return std::nullopt;
  return std::move(*found);
}

void CertificateStore::keep(const Certificate& certificate) const {
  if (rules_.self_signed_folder.empty()) return;
  const fs::path folder = rules_.self_signed_folder;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !write_file(folder / key_name, certificate.key_pem, 0600) ||
      !write_file(folder / chain_name, certificate.chain_pem, 0644))
    log_warning("the certificate cannot be kept for the next start",
                {{"folder", rules_.self_signed_folder}});
}

}  // namespace parley
