#include "server/cert_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <ostream>

#include "auth/certificate.h"

namespace parley {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t milliseconds_per_second = 1000;

std::string shown(UnixMillis time) {
  const auto seconds = static_cast<std::time_t>(time.count / milliseconds_per_second);
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(seconds));
}

/// How a browser comes to trust it.
std::string trust_of(const Certificate& certificate) {
  if (!certificate.is_self_signed) return "as far as they trust who signed it";
  if (!certificate.is_ecdsa) return "no: self-signed, and its key is not ECDSA on P-256 or P-384";
  if (certificate.life() > hashed_life_max)
    return "no: self-signed, and it lives longer than 14 days";
  return "over WebTransport by its hash, which the server publishes";
}

void describe(const Certificate& certificate, std::ostream& out) {
  out << "subject:   " << certificate.subject << "\n"
      << "names:     " << (certificate.names.empty() ? "none" : certificate.names) << "\n"
      << "valid:     " << shown(certificate.not_before) << " to " << shown(certificate.not_after)
      << "\n"
      << "sha-256:   " << certificate.sha256 << "\n"
      << "browsers:  " << trust_of(certificate) << "\n";
}

Result<Certificate> find(const std::string& file, const Config& config) {
  if (file.empty()) {
    if (config.tls.cert.empty()) return fail("Which certificate? Name a file, or set tls.cert.");
    return load_certificate(config.tls.cert, config.tls.key);
  }
  return load_chain(file);
}

}  // namespace

int run_cert_create(const CertCreateOptions& options, UnixMillis now, std::ostream& out,
                    std::ostream& err) {
  const fs::path folder = options.folder;
  const fs::path chain_file = folder / "certificate.pem";
  const fs::path key_file = folder / "key.pem";
  std::error_code error;
  for (const fs::path& file : {chain_file, key_file}) {
    if (!options.replace && fs::exists(file, error)) {
      err << file.string() << " is there already; --replace writes over it.\n";
      return 1;
    }
  }
  const auto certificate =
      make_certificate(options.names, now, std::chrono::hours(24) * options.days);
  if (!certificate) {
    err << certificate.error().message << "\n";
    return 1;
  }
  fs::create_directories(folder, error);
  if (auto written = write_certificate(*certificate, chain_file, key_file); !written) {
    err << written.error().message << "\n";
    return 1;
  }
  describe(*certificate, out);
  out << "\nUse it with --tls.cert=" << chain_file.string() << " --tls.key=" << key_file.string()
      << "\n";
  return 0;
}

int run_cert_inspect(const std::string& file, const Config& config, UnixMillis now,
                     std::ostream& out, std::ostream& err) {
  const auto certificate = find(file, config);
  if (!certificate) {
    err << certificate.error().message << "\n";
    return 1;
  }
  describe(*certificate, out);
  if (now.count < certificate->not_before.count || now.count > certificate->not_after.count) {
    err << "It is not valid today.\n";
    return 1;
  }
  return 0;
}

}  // namespace parley
