#include "store/sqlite_connection.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace parley {
namespace {

/// The kinds of trouble that have a remedy of their own.
std::string said_of(int code, const std::string& path, const char* detail) {
  switch (code) {
    case SQLITE_FULL:
      return "no room is left for " + path + ": the disk is full";
    case SQLITE_READONLY:
      return path + " cannot be written: the file, its folder or its disk is read-only";
    case SQLITE_BUSY:
      return path + " is locked by another process";
    case SQLITE_CANTOPEN:
      return path + " cannot be opened: this user must be able to write in its folder";
    case SQLITE_NOTADB:
      return path + " is not a SQLite database";
    default:
      return path + ": " + detail;
  }
}

bool is_about_the_request(int code) {
  return code == SQLITE_CONSTRAINT || code == SQLITE_TOOBIG || code == SQLITE_MISMATCH ||
         code == SQLITE_RANGE;
}

}  // namespace

StoreResult<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path,
                                                                      Access access) {
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path));
  const int flags = access == Access::read_only ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (access == Access::read_write) {
    std::error_code ignored;  // the database's own is the one to report
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  }
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  connection->database_.reset(database);
  if (code != SQLITE_OK) return connection->failure();
  sqlite3_busy_timeout(database, static_cast<int>(statement_time_max.count()));
  return connection;
}

StoreResult<void> SqliteConnection::execute(const std::string& text) {
  if (sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK)
    return {};
  return failure();
}

StoreResult<std::int64_t> SqliteConnection::number(const std::string& text) {
  const auto statement = prepare(text);
  if (!statement) return tl::unexpected(statement.error());
  const int code = sqlite3_step(statement->get());
  if (code == SQLITE_ROW) return sqlite3_column_int64(statement->get(), 0);
  if (code == SQLITE_DONE) return 0;
  return failure();
}

// Whoever may write is alone with the whole file, so alone with the room.
StoreResult<void> SqliteConnection::begin(const RoomId* /*room*/) {
  return execute("BEGIN IMMEDIATE");
}

// What SQLite could not write it has not written: nothing here is ever in doubt.
StoreResult<void> SqliteConnection::commit() { return execute("COMMIT"); }

void SqliteConnection::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) == 0) (void)execute("ROLLBACK");
}

StoreResult<SqlRows> SqliteConnection::run(Query query, SqlArguments arguments) {
  Statement& statement = statements_[static_cast<std::size_t>(query)];
  if (!statement) {
    auto prepared = prepare(in_dialect(text_of(query), {}));
    if (!prepared) return tl::unexpected(std::move(prepared.error()));
    statement = std::move(*prepared);
  }
  int index = 0;
  for (const SqlArgument& argument : arguments) {
    ++index;
    if (const auto* text = std::get_if<std::string_view>(&argument))
      sqlite3_bind_text(statement.get(), index, text->data(), static_cast<int>(text->size()),
                        SQLITE_STATIC);
    else
      sqlite3_bind_int64(statement.get(), index,
                         static_cast<std::int64_t>(std::get<std::uint64_t>(argument)));
  }
  auto rows = rows_of(statement.get());
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  return rows;
}

StoreResult<SqlRows> SqliteConnection::rows_of(sqlite3_stmt* statement) {
  SqlRows rows;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    auto& row = rows.emplace_back();
    for (int column = 0; column < sqlite3_column_count(statement); ++column) {
      const auto* text = sqlite3_column_text(statement, column);
      const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      if (text == nullptr)
        row.emplace_back();
      else
        row.emplace_back(std::string(reinterpret_cast<const char*>(text), bytes));
    }
  }
  if (code != SQLITE_DONE) return failure();
  return rows;
}

StoreResult<SqliteConnection::Statement> SqliteConnection::prepare(std::string_view text) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), text.data(), static_cast<int>(text.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return failure();
  return Statement(statement);
}

tl::unexpected<StoreError> SqliteConnection::failure() {
  const int code = sqlite3_errcode(database_.get()) & 0xff;
  const auto kind =
      is_about_the_request(code) ? StoreError::Kind::refused : StoreError::Kind::unavailable;
  return tl::unexpected(StoreError{kind, said_of(code, path_, sqlite3_errmsg(database_.get()))});
}

}  // namespace parley
