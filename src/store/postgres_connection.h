#pragma once
// PostgresConnection: one connection to a server, with a deadline on each word.

#include <libpq-fe.h>

#include <bitset>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "store/sql_store.h"

namespace parley {

/// A server that is gone, stopped or far away costs a call its deadline, never more (but finding
/// the address of a host's name is not ours to bound).
class PostgresConnection final : public SqlSession {
 public:
  /// How long connecting may take.
  static constexpr Millis connect_max = 2000ms;
  /// How long each statement of a migration may take: it waits for whoever else migrates.
  static constexpr Millis migration_statement_max = 30s;

  static StoreResult<std::unique_ptr<PostgresConnection>> open(const std::string& url);

  /// Anything without arguments; several statements at once, too. Rows of the last.
  [[nodiscard]] StoreResult<SqlRows> execute(const std::string& text, Millis time = sql_call_max);
  /// Where run() finds the tables; before the first run().
  void set_dialect(Dialect dialect) { dialect_ = std::move(dialect); }
  /// As a name in SQL, with its quotes.
  [[nodiscard]] std::string quoted(const std::string& name) const;

  [[nodiscard]] StoreResult<void> begin(const RoomId* room) override;
  [[nodiscard]] StoreResult<void> commit() override;
  void roll_back() override;
  [[nodiscard]] StoreResult<SqlRows> run(Query query, SqlArguments arguments) override;
  /// The server's: the only one that its clients have in common.
  [[nodiscard]] StoreResult<UnixMillis> shared_clock(UnixMillis now) override;
  [[nodiscard]] bool is_connected() const override;

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  using Answer = std::unique_ptr<PGresult, Clear>;

  PostgresConnection() = default;

  StoreResult<void> connect(const std::string& url);
  StoreResult<SqlRows> answer(bool was_sent, Millis time);
  bool wait(bool for_reading, TimePoint deadline);
  [[nodiscard]] tl::unexpected<StoreError> failure(const PGresult* result) const;

  std::unique_ptr<PGconn, Finish> connection_;
  Dialect dialect_;
  std::bitset<query_count> is_prepared_;
  bool has_given_up_ = false;  ///< an answer is still to come, and nobody waits for it
};

}  // namespace parley
