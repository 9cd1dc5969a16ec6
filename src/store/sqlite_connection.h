#pragma once
// SqliteConnection: an open file, and what is said in it.

#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "store/sql_store.h"

namespace parley {

/// Uses the connection of its own thread only; SQLite's own locks are off.
class SqliteConnection final : public SqlSession {
 public:
  enum class Access : std::uint8_t { read_only, read_write };

  /// Makes the file if it is missing and may be written.
  static StoreResult<std::unique_ptr<SqliteConnection>> open(const std::string& path,
                                                             Access access);

  /// Anything without arguments and rows; several statements at once, too.
  [[nodiscard]] StoreResult<void> execute(const std::string& text);
  /// The number a query answers; 0 if it answers nothing.
  [[nodiscard]] StoreResult<std::int64_t> number(const std::string& text);

  [[nodiscard]] StoreResult<void> begin(const RoomId* room) override;
  [[nodiscard]] StoreResult<void> commit() override;
  void roll_back() override;
  [[nodiscard]] StoreResult<SqlRows> run(Query query, SqlArguments arguments) override;
  /// Those who share a file share the clock of their machine.
  [[nodiscard]] StoreResult<UnixMillis> shared_clock(UnixMillis now) override { return now; }
  [[nodiscard]] bool is_connected() const override { return true; }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

  explicit SqliteConnection(std::string path) : path_(std::move(path)) {}

  StoreResult<Statement> prepare(std::string_view text);
  StoreResult<SqlRows> rows_of(sqlite3_stmt* statement);
  [[nodiscard]] tl::unexpected<StoreError> failure();

  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
  std::array<Statement, query_count> statements_;  ///< made when first needed
};

}  // namespace parley
