// What can be wrong with a file, and what is said of it.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "store/record.h"
#include "store/sqlite_database.h"

namespace parley {
namespace {

struct SqliteFaults : testing::Test {
  /// With a hand of its own, as another process has.
  void run(const std::string& text) {
    sqlite3* other = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
    others.emplace_back(other, sqlite3_close);
    ASSERT_EQ(sqlite3_exec(other, text.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(other);
  }
  StoreResult<Started> start(SessionStore& store, const std::string& user) {
    return store.start({{"kitchen"}, user, "server-0", false, at_second(++second)});
  }
  void expect_failure(const StoreResult<Started>& started, const std::string& words) {
    ASSERT_FALSE(started.has_value());
    EXPECT_EQ(started.error().kind, StoreError::Kind::unavailable);
    EXPECT_NE(started.error().message.find(words), std::string::npos) << started.error().message;
  }

  TemporaryFolder folder;
  const std::string path = folder / "record.db";
  const SqliteDatabase database{path};
  std::vector<std::unique_ptr<sqlite3, int (*)(sqlite3*)>> others;
  std::uint64_t second = 0;
};

/// Takes the rights over files away from the thread, for as long as it lives.
class WithoutRights {
 public:
  WithoutRights() : before_(::setfsuid(is_root() ? 65534 : ::geteuid())) {}
  ~WithoutRights() { ::setfsuid(static_cast<uid_t>(before_)); }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;

 private:
  static bool is_root() { return ::geteuid() == 0; }
  int before_;
};

TEST_F(SqliteFaults, full_disk_lets_nobody_in_and_tears_nothing) {
  const SqliteDatabase small(path, 16);
  const auto store = small.connect();
  auto started = start(*store, "alice");
  ASSERT_TRUE(started.has_value());
  int entered = 1;
  while (started && entered < 10'000) {
    started = start(*store, std::string(200, 'x') + std::to_string(entered));
    if (started) ++entered;
  }

  expect_failure(started, "the disk is full");
  expect_failure(start(*store, std::string(250, 'y')), "the disk is full");
  const auto later =
      database.connect()->start({{"kitchen"}, "bob", "server-0", false, at_second(9)});
  ASSERT_TRUE(later.has_value()) << later.error().message;
  EXPECT_EQ(later->started_at, at_second(1));
  EXPECT_EQ(
      database.connect()->end({{"kitchen"}, "bob", "server-0", true, at_second(10)})->remaining,
      static_cast<std::uint64_t>(entered));
}

TEST_F(SqliteFaults, read_only_file_is_named) {
  ASSERT_TRUE(start(*database.connect(), "alice").has_value());
  ::chmod(path.c_str(), 0444);
  ::chmod(folder.path().c_str(), 0555);
  const WithoutRights nobody;

  const auto refused = start(*database.connect(), "bob");

  expect_failure(refused, path + " cannot be written");
}

TEST_F(SqliteFaults, folder_that_is_not_there_is_made) {
  const SqliteDatabase deep(folder / "state/parley/record.db");

  EXPECT_TRUE(start(*deep.connect(), "alice").has_value());
}

TEST_F(SqliteFaults, folder_that_cannot_be_made_is_named) {
  std::ofstream(folder / "no") << "a file";
  const SqliteDatabase nowhere(folder / "no/record.db");

  expect_failure(start(*nowhere.connect(), "alice"), "no/record.db cannot be opened");
  EXPECT_FALSE(nowhere.migrate().has_value());
}

TEST_F(SqliteFaults, file_of_another_kind_is_left_alone) {
  const std::string text =
      "Dear diary, this is longer than the header of a database is, I hope: it "
      "has to have more than a hundred bytes.";
  std::ofstream(path) << text;

  expect_failure(start(*database.connect(), "alice"), "is not a SQLite database");
  EXPECT_FALSE(database.status().has_value());
  EXPECT_EQ(std::filesystem::file_size(path), text.size());
}

TEST_F(SqliteFaults, tables_of_another_program_are_left_alone) {
  run("CREATE TABLE meetings (theirs)");

  expect_failure(start(*database.connect(), "alice"), "already exists");
  EXPECT_EQ(database.status()->version, 0);
}

TEST_F(SqliteFaults, lock_of_another_process_costs_a_second_and_no_more) {
  const auto store = database.connect();
  ASSERT_TRUE(start(*store, "alice").has_value());
  run("BEGIN IMMEDIATE");
  const TimePoint begun = monotonic_now();

  const auto refused = start(*store, "bob");

  expect_failure(refused, "is locked by another process");
  EXPECT_LT(monotonic_now() - begun, 3s);
  others.clear();
  EXPECT_TRUE(start(*store, "bob").has_value());
}

TEST_F(SqliteFaults, tables_from_the_future_are_refused) {
  ASSERT_TRUE(database.migrate().has_value());
  run("UPDATE schema_version SET version = 9");

  expect_failure(start(*database.connect(), "alice"), "of version 9, and this program knows 1");
  EXPECT_NE(database.status().error().message.find("version 9"), std::string::npos);
  EXPECT_NE(database.migrate().error().message.find("version 9"), std::string::npos);
}

TEST_F(SqliteFaults, two_may_migrate_at_once) {
  std::vector<std::thread> servers;
  for (int i = 0; i < 4; ++i)
    servers.emplace_back([this] {
      const auto migrated = database.migrate();
      EXPECT_TRUE(migrated.has_value()) << migrated.error().message;
    });
  for (std::thread& server : servers) server.join();

  EXPECT_TRUE(database.status()->is_ready());
}

TEST_F(SqliteFaults, looking_makes_no_file) {
  EXPECT_EQ(database.status()->version, 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace parley
