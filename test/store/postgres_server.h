#pragma once
// A PostgreSQL server of the test's own: made in a temporary folder, ended by its process id.

#include <libpq-fe.h>
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley {

/// One for all tests of the program; fails them, with what to install, where there is no
/// PostgreSQL. Listens on a socket in its folder only.
class PostgresServer {
 public:
  /// Made and started when first asked for.
  static PostgresServer& shared();

  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// A new, empty database; its URL.
  std::string new_database();

  /// As if the machine had lost power.
  void kill();
  /// After kill().
  void start();
  /// SIGSTOP for everything that serves `url`, until the result dies.
  [[nodiscard]] std::shared_ptr<void> freeze(const std::string& url);

 private:
  PostgresServer();

  [[nodiscard]] pid_t spawn(const std::vector<std::string>& command) const;
  [[nodiscard]] std::string url_of(const std::string& database) const;
  [[nodiscard]] std::string log() const;

  std::filesystem::path programs_, folder_;
  pid_t process_ = -1;
  int databases_ = 0;
};

/// A connection that says what a test wants to know. A statement that fails fails the test.
class Psql {
 public:
  using Rows = std::vector<std::vector<std::optional<std::string>>>;

  explicit Psql(const std::string& url);

  Rows run(const std::string& statements);
  /// The first column of the first row; "" if there is none.
  std::string value(const std::string& query);

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace parley
