#include "store/record.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <filesystem>

#include "store/database.h"
#include "store/memory_store.h"
#include "store/postgres_server.h"

namespace parley {
namespace {

class MemoryRecord final : public TestRecord {
 public:
  std::shared_ptr<SessionStore> connect() override { return store_; }
  WrittenMeeting written(const std::string& room) override {
    WrittenMeeting written;
    if (const auto meeting = store_->meeting({room})) {
      written.started_at = meeting->started_at.count;
      written.creator_id = meeting->creator_id;
    }
    written.present = store_->present({room});
    return written;
  }
  void age_instance(const std::string&, Millis) override {}
  void age_participants(Millis) override {}

 private:
  std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
};

std::optional<std::uint64_t> number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::stoull(*text);
}

/// What both kinds of SQL answer alike.
WrittenMeeting written_of(const Psql::Rows& meeting, const Psql::Rows& present) {
  WrittenMeeting written;
  if (!meeting.empty()) {
    written.started_at = number(meeting.front()[0]);
    written.ended_at = number(meeting.front()[1]);
    written.creator_id = meeting.front()[2].value_or("");
  }
  for (const auto& row : present) written.present.push_back(row.front().value_or(""));
  return written;
}

std::string present_in(const std::string& table, const std::string& room) {
  return "SELECT user_id FROM " + table + " WHERE room_id = '" + room +
         "' AND left_at IS NULL ORDER BY user_id";
}

class SqliteRecord final : public TestRecord {
 public:
  SqliteRecord() : database_(open_store("sqlite:" + folder_ / "record.db").value()) {}

  std::shared_ptr<SessionStore> connect() override { return database_->connect(); }
  WrittenMeeting written(const std::string& room) override {
    return written_of(
        run("SELECT started_at, ended_at, creator_id FROM meetings WHERE room_id = '" + room + "'"),
        run(present_in("session_participants", room)));
  }
  void age_instance(const std::string& instance, Millis time) override {
    const std::string earlier = " - " + std::to_string(time.count());
    run("UPDATE instances SET since = since" + earlier + ", seen_at = seen_at" + earlier +
        " WHERE instance_id = '" + instance + "'");
  }
  void age_participants(Millis time) override {
    run("UPDATE session_participants SET joined_at = joined_at - " + std::to_string(time.count()));
  }

 private:
  Psql::Rows run(const std::string& text) {
    sqlite3* database = nullptr;
    sqlite3_open((folder_ / "record.db").c_str(), &database);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closes(database, sqlite3_close);
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database, text.c_str(), -1, &statement, nullptr), SQLITE_OK)
        << text << ": " << sqlite3_errmsg(database);
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> finalizes(statement,
                                                                          sqlite3_finalize);
    Psql::Rows rows;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      auto& row = rows.emplace_back();
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        row.push_back(value == nullptr ? std::nullopt : std::optional<std::string>(value));
      }
    }
    return rows;
  }

  TemporaryFolder folder_;
  std::unique_ptr<Database> database_;
};

class PostgresRecord final : public TestRecord {
 public:
  PostgresRecord() { Psql(url_).run("DROP SCHEMA IF EXISTS parley CASCADE"); }

  std::shared_ptr<SessionStore> connect() override { return database_->connect(); }
  WrittenMeeting written(const std::string& room) override {
    Psql psql(url_);
    if (psql.value("SELECT to_regclass('parley.meetings') IS NULL") == "t") return {};
    return written_of(
        psql.run("SELECT (extract(epoch from started_at) * 1000)::bigint, "
                 "(extract(epoch from ended_at) * 1000)::bigint, creator_id FROM parley.meetings "
                 "WHERE room_id = '" +
                 room + "'"),
        psql.run(present_in("parley.session_participants", room)));
  }
  void age_instance(const std::string& instance, Millis time) override {
    const std::string earlier = " - " + std::to_string(time.count()) + " * interval '1 ms'";
    Psql(url_).run("UPDATE parley.instances SET since = since" + earlier + ", seen_at = seen_at" +
                   earlier + " WHERE instance_id = '" + instance + "'");
  }
  void age_participants(Millis time) override {
    Psql(url_).run("UPDATE parley.session_participants SET joined_at = joined_at - " +
                   std::to_string(time.count()) + " * interval '1 ms'");
  }

 private:
  // All tests have one after the other: making a database takes longer than most of them.
  static const std::string& shared_url() {
    static const std::string url = PostgresServer::shared().new_database();
    return url;
  }

  const std::string url_ = shared_url();
  std::unique_ptr<Database> database_ = open_store(url_).value();
};

}  // namespace

std::unique_ptr<TestRecord> memory_record() { return std::make_unique<MemoryRecord>(); }
std::unique_ptr<TestRecord> sqlite_record() { return std::make_unique<SqliteRecord>(); }
std::unique_ptr<TestRecord> postgres_record() { return std::make_unique<PostgresRecord>(); }

TemporaryFolder::TemporaryFolder() {
  char name[] = "/tmp/parley-store-XXXXXX";
  path_ = ::mkdtemp(name);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace parley
