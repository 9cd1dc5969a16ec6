#include "store/postgres_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

namespace parley {
namespace {

/// Marks our locks among those of others in the database: one for each room.
constexpr const char* room_lock =
    "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 7021786327))";

// A statement that waits for somebody's lock ends, and a transaction of ours that was forgotten
// (our process was stopped in it) does not hold its room for ever.
const std::string session_settings =
    "SET statement_timeout = " + std::to_string(statement_time_max.count()) +
    "; SET idle_in_transaction_session_timeout = 10000; SET client_encoding = 'UTF8'";

tl::unexpected<StoreError> unavailable(std::string message) {
  return tl::unexpected(StoreError{.message = std::move(message)});
}

/// One line, without the severity that libpq puts in front.
std::string in_one_line(const char* text) {
  std::string line = text == nullptr ? "" : text;
  for (const std::string_view severity : {"ERROR:  ", "FATAL:  "})
    if (line.starts_with(severity)) line.erase(0, severity.size());
  while (!line.empty() && line.back() == '\n') line.pop_back();
  std::ranges::replace(line, '\n', ' ');
  return line.empty() ? "the connection to the database is gone" : line;
}

}  // namespace

StoreResult<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& url) {
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection);
  if (auto connected = connection->connect(url); !connected)
    return tl::unexpected(std::move(connected.error()));
  PQsetNoticeProcessor(connection->connection_.get(), [](void*, const char*) {}, nullptr);
  if (auto set = connection->execute(session_settings); !set)
    return tl::unexpected(std::move(set.error()));
  return connection;
}

StoreResult<void> PostgresConnection::connect(const std::string& url) {
  const TimePoint deadline = monotonic_now() + connect_max;
  const std::array keywords = {"dbname", "fallback_application_name",
                               static_cast<const char*>(nullptr)};
  const std::array values = {url.c_str(), "parley", static_cast<const char*>(nullptr)};
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
  if (connection_ == nullptr) return unavailable("no memory for a connection to the database");

  // As libpq wants it: wait for writing first, then for what it says.
  auto state =
      PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED)
      return unavailable(in_one_line(PQerrorMessage(connection_.get())));
    if (!wait(state == PGRES_POLLING_READING, deadline))
      return unavailable("the database does not answer within 2 s");
    state = PQconnectPoll(connection_.get());
  }
  return {};
}

StoreResult<SqlRows> PostgresConnection::execute(const std::string& text, Millis time) {
  return answer(PQsendQuery(connection_.get(), text.c_str()) == 1, time);
}

std::string PostgresConnection::quoted(const std::string& name) const {
  char* escaped = PQescapeIdentifier(connection_.get(), name.data(), name.size());
  std::string quoted = escaped == nullptr ? "" : escaped;
  PQfreemem(escaped);
  return quoted;
}

StoreResult<void> PostgresConnection::begin(const RoomId* room) {
  if (auto begun = execute("BEGIN"); !begun) return tl::unexpected(std::move(begun.error()));
  if (room == nullptr) return {};
  const char* name = room->value.c_str();
  const int sent =
      PQsendQueryParams(connection_.get(), room_lock, 1, nullptr, &name, nullptr, nullptr, 0);
  return answer(sent == 1, sql_call_max).map([](const SqlRows&) {});
}

StoreResult<void> PostgresConnection::commit() {
  auto committed = execute("COMMIT");
  if (committed) return {};
  StoreError error = std::move(committed.error());
  if (error.kind == StoreError::Kind::unavailable && (has_given_up_ || !is_connected()))
    error.kind = StoreError::Kind::in_doubt;
  return tl::unexpected(std::move(error));
}

void PostgresConnection::roll_back() { (void)execute("ROLLBACK"); }

StoreResult<SqlRows> PostgresConnection::run(Query query, SqlArguments arguments) {
  const auto index = static_cast<std::size_t>(query);
  const std::string name = "parley_" + std::to_string(index);
  if (!is_prepared_[index]) {
    const std::string text = in_dialect(text_of(query), dialect_);
    const int sent = PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), 0, nullptr);
    if (auto prepared = answer(sent == 1, sql_call_max); !prepared) return prepared;
    is_prepared_[index] = true;
  }
  std::vector<std::string> texts;
  std::vector<const char*> values;
  texts.reserve(arguments.size());
  for (const SqlArgument& argument : arguments) {
    const auto* text = std::get_if<std::string_view>(&argument);
    texts.push_back(text != nullptr ? std::string(*text)
                                    : std::to_string(std::get<std::uint64_t>(argument)));
    values.push_back(texts.back().c_str());
  }
  const int sent =
      PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                          values.data(), nullptr, nullptr, 0);
  return answer(sent == 1, sql_call_max);
}

StoreResult<UnixMillis> PostgresConnection::shared_clock(UnixMillis now) {
  const auto rows = execute("SELECT floor(extract(epoch from clock_timestamp()) * 1000)::bigint");
  if (!rows) return tl::unexpected(rows.error());
  const std::string text = rows->front().front().value_or("");
  std::from_chars(text.data(), text.data() + text.size(), now.count);
  return now;
}

bool PostgresConnection::is_connected() const {
  return PQstatus(connection_.get()) == CONNECTION_OK;
}

// Everything that was asked is answered before anything else is: the last rows, or the first error.
StoreResult<SqlRows> PostgresConnection::answer(bool was_sent, Millis time) {
  if (!was_sent) return failure(nullptr);
  const TimePoint deadline = monotonic_now() + time;
  SqlRows rows;
  Answer first_failed;
  for (;;) {
    while (PQisBusy(connection_.get()) == 1) {
      if (!wait(true, deadline)) {
        has_given_up_ = true;
        return unavailable("the database does not answer within " + std::to_string(time.count()) +
                           " ms");
      }
      if (PQconsumeInput(connection_.get()) == 0) return failure(nullptr);
    }
    Answer next(PQgetResult(connection_.get()));
    if (next == nullptr) break;
    const auto status = PQresultStatus(next.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      if (first_failed == nullptr) first_failed = std::move(next);
      if (PQstatus(connection_.get()) != CONNECTION_OK) break;
      continue;
    }
    rows.assign(static_cast<std::size_t>(PQntuples(next.get())), {});
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (int column = 0; column < PQnfields(next.get()); ++column) {
        const int row = static_cast<int>(i);
        rows[i].push_back(PQgetisnull(next.get(), row, column) == 1
                              ? std::nullopt
                              : std::optional<std::string>(PQgetvalue(next.get(), row, column)));
      }
  }
  if (first_failed != nullptr) return failure(first_failed.get());
  return rows;
}

bool PostgresConnection::wait(bool for_reading, TimePoint deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - monotonic_now());
    if (left.count() < 0) return false;
    pollfd socket{PQsocket(connection_.get()), static_cast<short>(for_reading ? POLLIN : POLLOUT),
                  0};
    const int ready = ::poll(&socket, 1, static_cast<int>(left.count()) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

tl::unexpected<StoreError> PostgresConnection::failure(const PGresult* result) const {
  using Kind = StoreError::Kind;
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string_view code = state == nullptr ? "" : state;
  std::string message =
      in_one_line(primary != nullptr ? primary : PQerrorMessage(connection_.get()));
  // SQLSTATE classes (PostgreSQL, appendix A): 22 is data, 23 a constraint.
  if (code.starts_with("22") || code.starts_with("23"))
    return tl::unexpected(StoreError{Kind::refused, std::move(message)});
  if (code == "57014")
    message = "the database takes longer than " + std::to_string(statement_time_max.count()) +
              " ms for a statement";
  if (code == "25006") message = "the database is read-only (" + message + ")";
  if (code == "53100") message = "the database's disk is full (" + message + ")";
  return unavailable(std::move(message));
}

}  // namespace parley
