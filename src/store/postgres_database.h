#pragma once
// PostgresDatabase: the record in a PostgreSQL server, alone or beside the original's tables.

#include <memory>
#include <string>

#include "store/database.h"
#include "store/sql_store.h"

namespace parley {

class PostgresConnection;

/// Whose tables a database holds decides where ours are:
///
/// | it holds                                 | the record is in            | the rest is in   |
/// |------------------------------------------|-----------------------------|------------------|
/// | `meeting_participants`, in any schema:   | schema `parley`             | schema `parley`  |
/// | it is meeting-api's, and is left alone   |                             |                  |
/// | `meetings` and `session_participants` on | these two tables            | schema `parley`  |
/// | the search path: it is the original's    |                             |                  |
/// | neither                                  | schema `parley`             | schema `parley`  |
///
/// It is looked at again with each connection.
class PostgresDatabase final : public Database {
 public:
  /// `url` has been read by name_of_postgres(), which says `name`.
  PostgresDatabase(std::string url, std::string name)
      : url_(std::move(url)), name_(std::move(name)) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::size_t connections() const override { return 4; }
  [[nodiscard]] Result<SchemaStatus> status() const override;
  [[nodiscard]] Result<SchemaStatus> migrate() const override;
  [[nodiscard]] std::unique_ptr<SessionStore> connect() const override;

 private:
  StoreResult<std::unique_ptr<SqlSession>> open() const;

  const std::string url_;
  const std::string name_;
};

}  // namespace parley
