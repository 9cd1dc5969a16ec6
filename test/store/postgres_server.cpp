#include "store/postgres_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/time.h"

namespace parley {
namespace {

namespace fs = std::filesystem;

constexpr Duration start_max = 20s;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "The tests of the session store cannot run: %s\n", why.c_str());
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing is running yet
}

fs::path newest_programs() {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error))
    if (fs::exists(version.path() / "bin/initdb")) found.push_back(version.path() / "bin");
  if (found.empty())
    give_up("PostgreSQL is not installed; script/bootstrap installs it (Debian's postgresql)");
  const auto number = [](const fs::path& bin) { return std::stoi(bin.parent_path().filename()); };
  return *std::ranges::max_element(found, {}, number);
}

/// Whose server it is: PostgreSQL refuses to run as root.
const passwd* server_user() {
  if (::geteuid() != 0) return nullptr;
  if (const passwd* postgres = ::getpwnam("postgres")) return postgres;
  return ::getpwnam("nobody");
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    const std::string stat{std::istreambuf_iterator<char>(file), {}};
    // "pid (name) state parent …"; the name may hold anything.
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 4 >= stat.size()) continue;
    if (std::stoi(stat.substr(name_end + 4)) == parent) children.push_back(std::stoi(name));
  }
  return children;
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : programs_(newest_programs()) {
  char name[] = "/tmp/parley-postgres-XXXXXX";
  folder_ = ::mkdtemp(name);
  if (const passwd* user = server_user())
    if (::chown(folder_.c_str(), user->pw_uid, user->pw_gid) != 0) give_up("chown failed");

  const pid_t initdb =
      spawn({programs_ / "initdb", "--auth=trust", "--username=tester", "--no-sync",
             "--encoding=UTF8", "--locale=C", "--pgdata=" + (folder_ / "data").string()});
  int status = 0;
  if (::waitpid(initdb, &status, 0) != initdb || status != 0) give_up("initdb failed:\n" + log());
  start();
}

PostgresServer::~PostgresServer() {
  if (process_ > 0) {
    ::kill(process_, SIGQUIT);
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code error;
  fs::remove_all(folder_, error);
}

std::string PostgresServer::new_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  Psql(url_of("postgres")).run("CREATE DATABASE " + name + " TEMPLATE template0");
  return url_of(name);
}

void PostgresServer::kill() {
  // Those that serve connections would notice by themselves, and might answer once more before.
  const std::vector<pid_t> children = children_of(process_);
  ::kill(process_, SIGKILL);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

void PostgresServer::start() {
  const TimePoint deadline = monotonic_now() + start_max;
  const std::string url = url_of("postgres");
  for (;;) {
    if (process_ <= 0)
      process_ = spawn({programs_ / "postgres", "-D", folder_ / "data", "-k", folder_,
                        // Nothing here is worth a disk's time; what is committed outlives kill().
                        "-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
                        "-c", "autovacuum=off", "-c", "max_connections=50"});
    if (PQping(url.c_str()) == PQPING_OK) return;
    if (monotonic_now() > deadline) give_up("PostgreSQL does not start:\n" + log());
    // After kill() what served the old one may take a moment to notice, and the new one ends at
    // once.
    if (::waitpid(process_, nullptr, WNOHANG) == process_) process_ = -1;
    ::poll(nullptr, 0, 10);  // it tells nobody when it is ready
  }
}

std::shared_ptr<void> PostgresServer::freeze(const std::string& url) {
  const std::string database = url.substr(url.find("@/") + 2, url.find('?') - url.find("@/") - 2);
  Psql psql(url_of("postgres"));
  std::vector<pid_t> stopped;
  for (const auto& row :
       psql.run("SELECT pid FROM pg_stat_activity WHERE datname = '" + database + "'"))
    stopped.push_back(std::stoi(row.front().value_or("0")));
  for (const pid_t pid : stopped) ::kill(pid, SIGSTOP);
  return {nullptr, [stopped](void*) {
            for (const pid_t pid : stopped) ::kill(pid, SIGCONT);
          }};
}

pid_t PostgresServer::spawn(const std::vector<std::string>& command) const {
  const passwd* user = server_user();
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string log_file = folder_ / "log";
  const pid_t parent = ::getpid();

  const pid_t child = ::fork();
  if (child != 0) return child;
  if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) ::_exit(126);
  // It does not outlive a test that crashes.
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(126);
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(126);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

std::string PostgresServer::url_of(const std::string& database) const {
  return "postgresql://tester@/" + database + "?host=" + folder_.string();
}

std::string PostgresServer::log() const {
  std::ifstream file(folder_ / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

Psql::Psql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  EXPECT_EQ(PQstatus(connection_.get()), CONNECTION_OK) << PQerrorMessage(connection_.get());
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

Psql::Rows Psql::run(const std::string& statements) {
  const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
      PQexec(connection_.get(), statements.c_str()), PQclear);
  const auto status = PQresultStatus(result.get());
  EXPECT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
      << statements << ": " << PQerrorMessage(connection_.get());
  Rows rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      const int row = static_cast<int>(i);
      rows[i].push_back(PQgetisnull(result.get(), row, column) == 1
                            ? std::nullopt
                            : std::optional<std::string>(PQgetvalue(result.get(), row, column)));
    }
  return rows;
}

std::string Psql::value(const std::string& query) {
  const Rows rows = run(query);
  return rows.empty() ? "" : rows.front().front().value_or("");
}

}  // namespace parley
