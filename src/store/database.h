#pragma once
// Database: where the record is kept, before anybody speaks to it.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/session_store.h"

namespace parley {

/// The version of the tables that this program knows.
inline constexpr int schema_version = 1;

/// What of ours a database holds.
struct SchemaStatus {
  int version = 0;  ///< 0 = nothing
  /// The two tables of the record are where they are looked for. They can be missing later, too:
  /// when a database becomes meeting-api's they are ours no more.
  bool has_record = false;
  /// Where our tables are, or will be, for people.
  std::string place;

  [[nodiscard]] bool is_ready() const { return version == schema_version && has_record; }
};

/// One for the process. Any thread.
class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  /// What was meant, without its password, for the log and for people.
  [[nodiscard]] virtual std::string name() const = 0;
  /// How many connections do it good.
  [[nodiscard]] virtual std::size_t connections() const = 0;

  /// Looks, and changes nothing. Fails, too, when the tables are of a later version than ours.
  [[nodiscard]] virtual Result<SchemaStatus> status() const = 0;
  /// Makes what is missing, in one transaction; nothing when all is there. Others who migrate at
  /// the same time wait. Each connection does it by itself.
  [[nodiscard]] virtual Result<SchemaStatus> migrate() const = 0;

  /// A store over a connection of its own, made when it is needed; it must not outlive this.
  [[nodiscard]] virtual std::unique_ptr<SessionStore> connect() const = 0;
};

/// Reads the address of a database: `memory:`, `sqlite:PATH`, `postgres://…` or `postgresql://…`.
/// Speaks to nobody yet. What it complains of never holds a password.
[[nodiscard]] Result<std::unique_ptr<Database>> open_store(std::string_view url);

/// What is said of tables that a later program has made.
[[nodiscard]] std::string made_by_a_later_program(int version);

}  // namespace parley
