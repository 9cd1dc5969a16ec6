#pragma once
// The command line: what the user wants, as plain values.

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/config.h"

namespace parley {

enum class Verb : std::uint8_t {
  serve,
  dev,
  bench,
  metrics,
  token_create,
  token_inspect,
  cert_create,
  cert_inspect,
  db_status,
  db_migrate,
  doctor,
  version,
  config_print,
  config_check,
};

struct TokenCreateOptions {
  std::string user;
  std::string room;
  std::string name{};  ///< empty = the user
  bool host = false;
  bool observer = false;
  std::chrono::milliseconds ttl{std::chrono::minutes{10}};
};

struct CertCreateOptions {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  int days = 13;
  std::string folder = ".";
  bool replace = false;
};

struct DoctorOptions {
  Program program = Program::parley_serve;
  bool json = false;
};

struct CommandLine {
  Verb verb = Verb::serve;
  std::optional<std::string> config_file;
  /// "section.key" and text, for ConfigInputs.
  std::vector<std::pair<std::string, std::string>> settings;
  TokenCreateOptions token_create;
  std::string token;  ///< of `token inspect`; empty = read it from standard input
  CertCreateOptions cert_create;
  std::string certificate_file;  ///< of `cert inspect`; empty = tls.cert
  std::string database_url;      ///< of `db`; empty = DATABASE_URL
  bool print_defaults = false;   ///< `config print --defaults`
  DoctorOptions doctor;
  std::vector<std::string> bench_args;
  std::vector<std::string> metrics_args;
};

/// The program has nothing to run: help was asked for, or the arguments make no sense.
struct CommandExit {
  int code = 0;      ///< 0 for help, 2 for a usage error
  std::string text;  ///< for standard output when `code` is 0, else for standard error
};

/// Arguments of `parley`, without the program's name. No verb means `serve`.
[[nodiscard]] Result<CommandLine, CommandExit> parse_parley_arguments(
    std::span<const std::string> arguments);

/// Arguments of a drop-in server: settings only, none of which is needed.
[[nodiscard]] Result<CommandLine, CommandExit> parse_drop_in_arguments(
    Program program, std::span<const std::string> arguments);

}  // namespace parley
