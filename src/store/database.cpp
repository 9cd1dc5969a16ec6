#include "store/database.h"

#include <utility>

#include "store/memory_store.h"
#include "store/postgres_database.h"
#include "store/postgres_url.h"
#include "store/sqlite_database.h"

namespace parley {
namespace {

/// The record that is nowhere but in the process.
class MemoryDatabase final : public Database {
 public:
  [[nodiscard]] std::string name() const override { return "memory:"; }
  [[nodiscard]] std::size_t connections() const override { return 1; }
  [[nodiscard]] Result<SchemaStatus> status() const override {
    return SchemaStatus{schema_version, true, "the memory of the server"};
  }
  [[nodiscard]] Result<SchemaStatus> migrate() const override { return status(); }
  [[nodiscard]] std::unique_ptr<SessionStore> connect() const override {
    return std::make_unique<MemoryStore>();
  }
};

}  // namespace

Result<std::unique_ptr<Database>> open_store(std::string_view url) {
  constexpr std::string_view sqlite = "sqlite:";
  if (url == "memory:") return std::make_unique<MemoryDatabase>();
  if (url.starts_with(sqlite) && url.size() > sqlite.size())
    return std::make_unique<SqliteDatabase>(std::string(url.substr(sqlite.size())));
  if (is_postgres_url(url)) {
    auto name = name_of_postgres(std::string(url));
    if (!name) return tl::unexpected(std::move(name.error()));
    return std::make_unique<PostgresDatabase>(std::string(url), std::move(*name));
  }
  // What it was may hold a password, and is not repeated.
  return fail(
      "The address of a database is memory:, sqlite:PATH or "
      "postgres://USER:PASSWORD@HOST:PORT/DATABASE.");
}

std::string made_by_a_later_program(int version) {
  return "the tables are of version " + std::to_string(version) + ", and this program knows " +
         std::to_string(schema_version) +
         ": run the newer Parley that made them, or name another database";
}

}  // namespace parley
