#pragma once
// SqlStore: the record in a database. What is the same for every engine; an engine is a SqlSession.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "chat/session_store.h"
#include "store/queries.h"

namespace parley {

using SqlArgument = std::variant<std::string_view, std::uint64_t>;
using SqlArguments = std::initializer_list<SqlArgument>;
/// Rows of columns as text; nothing is NULL.
using SqlRows = std::vector<std::vector<std::optional<std::string>>>;

/// A connection whose tables are ours and of our version. When a call says that the store is
/// unavailable the connection is of no more use. Each call ends within `sql_call_max`.
class SqlSession {
 public:
  SqlSession() = default;
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;
  virtual ~SqlSession() = default;

  /// Begins a transaction; with a room, the only one on that room.
  [[nodiscard]] virtual StoreResult<void> begin(const RoomId* room) = 0;
  /// in_doubt if the answer is missing.
  [[nodiscard]] virtual StoreResult<void> commit() = 0;
  virtual void roll_back() = 0;
  [[nodiscard]] virtual StoreResult<SqlRows> run(Query query, SqlArguments arguments) = 0;

  /// Now, by the clock that all who share the tables go by; `now` is our own.
  [[nodiscard]] virtual StoreResult<UnixMillis> shared_clock(UnixMillis now) = 0;
  /// False once the other end is seen to be gone; a server that says nothing is not.
  [[nodiscard]] virtual bool is_connected() const = 0;
};

/// How long a statement may take; then the store counts as unavailable.
inline constexpr Millis statement_time_max = 1000ms;
/// How long any call waits for a server that says nothing at all.
inline constexpr Millis sql_call_max = 1500ms;

/// Connects when it is first asked something, and again after whatever was wrong; it never waits
/// before it tries, so who asks had better. For one thread.
class SqlStore final : public SessionStore {
 public:
  using Connect = std::function<StoreResult<std::unique_ptr<SqlSession>>()>;

  explicit SqlStore(Connect connect) : connect_(std::move(connect)) {}

  [[nodiscard]] StoreResult<Started> start(const SessionStart& start) override;
  [[nodiscard]] StoreResult<Ended> end(const SessionEnd& end) override;
  [[nodiscard]] StoreResult<void> withdraw(const SessionStart& start) override;
  [[nodiscard]] StoreResult<void> renew(const std::string& instance, UnixMillis now) override;

 private:
  class Transaction;

  /// One transaction, on `room` if there is one: what `work` answers, once it is written.
  template <class Work>
  auto transact(const RoomId* room, Work work);
  StoreResult<void> begin(const RoomId* room);
  StoreResult<void> clear_up(UnixMillis clock);

  Connect connect_;
  std::unique_ptr<SqlSession> session_;  ///< null while there is no connection
};

}  // namespace parley
