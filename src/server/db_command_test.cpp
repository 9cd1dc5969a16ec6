#include "server/db_command.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <filesystem>
#include <fstream>
#include <sstream>

namespace parley {
namespace {

struct DbCommand : testing::Test {
  DbCommand() {
    char name[] = "/tmp/parley-db-XXXXXX";
    folder = ::mkdtemp(name);
    url = "sqlite:" + (folder / "record.db").string();
  }
  ~DbCommand() override { std::filesystem::remove_all(folder); }

  bool said(const std::string& words) {
    return (out.str() + err.str()).find(words) != std::string::npos;
  }

  std::filesystem::path folder;
  std::string url;
  std::ostringstream out, err;
};

TEST_F(DbCommand, says_that_the_tables_are_missing) {
  EXPECT_EQ(run_db_status(url, out, err), 1);

  EXPECT_TRUE(said("version:   0 of 1")) << out.str();
  EXPECT_TRUE(said("not ready; see parley db migrate"));
  EXPECT_FALSE(std::filesystem::exists(folder / "record.db"));
}

TEST_F(DbCommand, makes_them_once) {
  EXPECT_EQ(run_db_migrate(url, out, err), 0) << err.str();
  EXPECT_EQ(run_db_migrate(url, out, err), 0) << err.str();
  EXPECT_EQ(run_db_status(url, out, err), 0) << err.str();

  EXPECT_TRUE(said("database:  " + url));
  EXPECT_TRUE(said("state:     ready"));
  EXPECT_TRUE(err.str().empty());
}

TEST_F(DbCommand, asks_which_database) {
  EXPECT_EQ(run_db_status("", out, err), 2);

  EXPECT_TRUE(said("Set DATABASE_URL"));
}

TEST_F(DbCommand, repeats_no_password) {
  EXPECT_EQ(run_db_status("mysql://alice:s3cret@db/m", out, err), 2);
  EXPECT_EQ(run_db_migrate("postgres://alice:s3@cret@db/m", out, err), 2);

  EXPECT_FALSE(said("s3"));
  EXPECT_TRUE(said("The address of a database is memory:, sqlite:PATH or"));
}

TEST_F(DbCommand, says_what_is_wrong_with_which_database) {
  std::ofstream(folder / "no") << "a file";
  EXPECT_EQ(run_db_migrate("sqlite:" + (folder / "no/record.db").string(), out, err), 1);

  EXPECT_TRUE(said("no/record.db: "));
  EXPECT_TRUE(said("cannot be opened"));
}

}  // namespace
}  // namespace parley
