#pragma once
// SqliteDatabase: the record in one file.

#include <cstdint>
#include <memory>
#include <string>

#include "store/database.h"
#include "store/sql_store.h"

namespace parley {

/// A file in WAL mode; beside it are `-wal` and `-shm` while it is in use. Several processes of one
/// machine may share it.
class SqliteDatabase final : public Database {
 public:
  /// `pages_max` bounds the file (0 = no bound), in pages of 4096 bytes.
  explicit SqliteDatabase(std::string path, std::uint32_t pages_max = 0)
      : path_(std::move(path)), pages_max_(pages_max) {}

  [[nodiscard]] std::string name() const override { return "sqlite:" + path_; }
  [[nodiscard]] std::size_t connections() const override { return 1; }  // it has one writer
  [[nodiscard]] Result<SchemaStatus> status() const override;
  [[nodiscard]] Result<SchemaStatus> migrate() const override;
  [[nodiscard]] std::unique_ptr<SessionStore> connect() const override;

 private:
  StoreResult<std::unique_ptr<SqlSession>> open() const;

  const std::string path_;
  const std::uint32_t pages_max_;
};

}  // namespace parley
