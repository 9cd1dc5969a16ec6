#include "store/sqlite_database.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "store/sqlite_connection.h"

namespace parley {
namespace {

using Access = SqliteConnection::Access;

// The record has the names that the original's PostgreSQL tables have. All times are milliseconds
// since 1970: datetime(started_at / 1000, 'unixepoch') is for people.
constexpr const char* tables = R"(
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE meetings (
  id INTEGER PRIMARY KEY,
  room_id TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  updated_at INTEGER,
  creator_id TEXT
);
CREATE TABLE session_participants (
  id INTEGER PRIMARY KEY,
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  joined_at INTEGER NOT NULL,
  left_at INTEGER,
  UNIQUE (room_id, user_id)
);
CREATE INDEX session_participants_present ON session_participants (room_id)
  WHERE left_at IS NULL;
CREATE TABLE instances (
  instance_id TEXT PRIMARY KEY,
  since INTEGER NOT NULL,
  seen_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE holders (
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  instance_id TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (room_id, user_id, instance_id)
) WITHOUT ROWID;
CREATE INDEX holders_by_instance ON holders (instance_id);
CREATE TABLE hosts (
  room_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  PRIMARY KEY (room_id, user_id)
) WITHOUT ROWID;
INSERT INTO schema_version VALUES (1);
)";

Result<SchemaStatus> shown(StoreResult<SchemaStatus> status) {
  return status.map_error([](const StoreError& error) { return Error{error.message}; });
}

/// 0 when our tables are missing.
StoreResult<int> version_in(SqliteConnection& connection) {
  const auto has_version = connection.number(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'");
  if (!has_version) return tl::unexpected(has_version.error());
  if (*has_version == 0) return 0;
  const auto version = connection.number("SELECT max(version) FROM schema_version");
  return version.map([](std::int64_t number) { return static_cast<int>(number); });
}

StoreResult<SchemaStatus> status_in(SqliteConnection& connection) {
  const auto version = version_in(connection);
  if (!version) return tl::unexpected(version.error());
  if (*version > schema_version)
    return tl::unexpected(StoreError{.message = made_by_a_later_program(*version)});
  return SchemaStatus{*version, *version > 0, "the file itself"};
}

StoreResult<SchemaStatus> migrate_in(SqliteConnection& connection) {
  auto status = status_in(connection);
  if (!status || status->is_ready()) return status;
  // Whoever else migrates may be done by the time the file is ours.
  if (auto begun = connection.begin(nullptr); !begun) return tl::unexpected(begun.error());
  status = status_in(connection);
  if (!status || status->is_ready()) {
    connection.roll_back();
    return status;
  }
  if (auto made = connection.execute(tables); !made) {
    connection.roll_back();
    return tl::unexpected(made.error());
  }
  if (auto committed = connection.commit(); !committed) return tl::unexpected(committed.error());
  return status_in(connection);
}

}  // namespace

Result<SchemaStatus> SqliteDatabase::status() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error))
    return SchemaStatus{.place = "the file itself, which does not exist yet"};
  const auto connection = SqliteConnection::open(path_, Access::read_only);
  if (!connection) return fail(connection.error().message);
  return shown(status_in(**connection));
}

Result<SchemaStatus> SqliteDatabase::migrate() const {
  const auto connection = SqliteConnection::open(path_, Access::read_write);
  if (!connection) return fail(connection.error().message);
  return shown(migrate_in(**connection));
}

std::unique_ptr<SessionStore> SqliteDatabase::connect() const {
  return std::make_unique<SqlStore>([this] { return open(); });
}

StoreResult<std::unique_ptr<SqlSession>> SqliteDatabase::open() const {
  auto connection = SqliteConnection::open(path_, Access::read_write);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  // NORMAL: what the disk had not taken when the power went is lost, and nothing is torn.
  std::string pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";
  if (pages_max_ > 0) pragmas += "PRAGMA max_page_count = " + std::to_string(pages_max_) + ";";
  if (auto set = (*connection)->execute(pragmas); !set) return tl::unexpected(set.error());
  if (auto migrated = migrate_in(**connection); !migrated) return tl::unexpected(migrated.error());
  return std::move(*connection);
}

}  // namespace parley
