#include "store/postgres_database.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "store/postgres_connection.h"

namespace parley {
namespace {

// One server at a time migrates: a lock of the transaction, under a number of our own.
constexpr const char* migration_lock = "SELECT pg_advisory_xact_lock(7021786327)";

constexpr const char* look_around = R"(
SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'meeting_participants'
                 AND relkind IN ('r', 'p'))::int,
       (SELECT nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE c.oid = to_regclass('meetings')),
       (SELECT nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
          WHERE c.oid = to_regclass('session_participants')),
       (to_regclass('parley.meetings') IS NOT NULL
          AND to_regclass('parley.session_participants') IS NOT NULL)::int,
       (to_regnamespace('parley') IS NOT NULL)::int,
       (to_regclass('parley.schema_version') IS NOT NULL)::int)";

// The columns and names that the original gives them.
constexpr const char* record_tables = R"(
CREATE TABLE parley.meetings (
  id serial PRIMARY KEY,
  room_id varchar(255) NOT NULL UNIQUE,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  deleted_at timestamptz,
  creator_id varchar(255)
);
CREATE TABLE parley.session_participants (
  id serial PRIMARY KEY,
  room_id varchar(255) NOT NULL,
  user_id varchar(255) NOT NULL,
  joined_at timestamptz NOT NULL DEFAULT now(),
  left_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (room_id, user_id)
);
CREATE INDEX session_participants_present ON parley.session_participants (room_id)
  WHERE left_at IS NULL)";

constexpr const char* own_tables = R"(
CREATE TABLE parley.instances (
  instance_id varchar(255) PRIMARY KEY,
  since timestamptz NOT NULL,
  seen_at timestamptz NOT NULL
);
CREATE TABLE parley.holders (
  room_id varchar(255) NOT NULL,
  user_id varchar(255) NOT NULL,
  instance_id varchar(255) NOT NULL,
  since timestamptz NOT NULL,
  PRIMARY KEY (room_id, user_id, instance_id)
);
CREATE INDEX holders_by_instance ON parley.holders (instance_id);
CREATE TABLE parley.hosts (
  room_id varchar(255) NOT NULL,
  user_id varchar(255) NOT NULL,
  PRIMARY KEY (room_id, user_id)
);
CREATE TABLE parley.schema_version (
  version integer NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO parley.schema_version (version) VALUES (1))";

/// What is in a database.
struct Surroundings {
  SchemaStatus status;
  std::string record_schema = "parley";
  bool has_our_schema = false;
};

bool is_true(const std::optional<std::string>& column) { return column == "1"; }

StoreResult<int> version_of(PostgresConnection& connection) {
  const auto rows = connection.execute("SELECT max(version) FROM parley.schema_version");
  if (!rows) return tl::unexpected(rows.error());
  const std::string text = rows->front().front().value_or("0");
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

StoreResult<Surroundings> look_into(PostgresConnection& connection) {
  const auto rows = connection.execute(look_around);
  if (!rows) return tl::unexpected(rows.error());
  const auto& row = rows->front();

  Surroundings found;
  const bool is_meeting_apis = is_true(row[0]);
  const bool is_originals = !is_meeting_apis && row[1] && row[1] == row[2];
  if (is_originals) found.record_schema = *row[1];
  found.has_our_schema = is_true(row[4]);
  found.status.has_record = is_originals || is_true(row[3]);
  found.status.place = "schema parley";
  if (is_meeting_apis) found.status.place += ", beside the meeting-api's, which are left alone";
  if (found.record_schema != "parley")
    found.status.place +=
        ", with the record in meetings and session_participants of schema " + found.record_schema;

  if (is_true(row[5])) {
    const auto version = version_of(connection);
    if (!version) return tl::unexpected(version.error());
    found.status.version = *version;
  }
  if (found.status.version > schema_version)
    return tl::unexpected(StoreError{.message = made_by_a_later_program(found.status.version)});
  return found;
}

std::string what_is_missing(const Surroundings& found) {
  std::string text;
  if (!found.has_our_schema) text += "CREATE SCHEMA parley;";
  if (!found.status.has_record) text += std::string(record_tables) + ";";
  if (found.status.version < 1) text += std::string(own_tables) + ";";
  return text;
}

StoreResult<Surroundings> migrate_in(PostgresConnection& connection) {
  auto found = look_into(connection);
  if (!found || found->status.is_ready()) return found;

  constexpr Millis time = PostgresConnection::migration_statement_max;
  const std::string begin = "BEGIN; SET LOCAL statement_timeout = " + std::to_string(time.count()) +
                            "; " + migration_lock;
  if (auto begun = connection.execute(begin, time + 1s); !begun)
    return tl::unexpected(begun.error());
  // Whoever else migrated is done now.
  found = look_into(connection);
  if (found && !found->status.is_ready()) {
    auto made = connection.execute(what_is_missing(*found), time + 1s);
    if (!made)
      return tl::unexpected(StoreError{
          .message = "the tables could not be made: " + made.error().message +
                     (found->has_our_schema ? ""
                                            : "; this user may have to be given a schema: "
                                              "CREATE SCHEMA parley AUTHORIZATION …")});
    found = look_into(connection);
  }
  if (!found) return found;
  if (auto committed = connection.commit(); !committed) return tl::unexpected(committed.error());
  return found;
}

}  // namespace

Result<SchemaStatus> PostgresDatabase::status() const {
  const auto connection = PostgresConnection::open(url_);
  if (!connection) return fail(connection.error().message);
  const auto found = look_into(**connection);
  if (!found) return fail(found.error().message);
  return found->status;
}

Result<SchemaStatus> PostgresDatabase::migrate() const {
  const auto connection = PostgresConnection::open(url_);
  if (!connection) return fail(connection.error().message);
  const auto found = migrate_in(**connection);
  if (!found) return fail(found.error().message);
  return found->status;
}

std::unique_ptr<SessionStore> PostgresDatabase::connect() const {
  return std::make_unique<SqlStore>([this] { return open(); });
}

StoreResult<std::unique_ptr<SqlSession>> PostgresDatabase::open() const {
  auto connection = PostgresConnection::open(url_);
  if (!connection) return tl::unexpected(std::move(connection.error()));
  const auto found = migrate_in(**connection);
  if (!found) return tl::unexpected(found.error());
  (*connection)
      ->set_dialect({.record = (*connection)->quoted(found->record_schema) + ".",
                     .own = "parley.",
                     .is_postgres = true});
  return std::move(*connection);
}

}  // namespace parley
