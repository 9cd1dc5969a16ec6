#include "store/postgres_url.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(PostgresUrl, is_shown_without_its_password) {
  const std::pair<const char*, const char*> urls[] = {
      {"postgres://alice:s3cret@db.example:5433/meetings",
       "postgresql://alice@db.example:5433/meetings"},
      {"postgresql://db/m?user=alice&password=s3cret&sslmode=require", "postgresql://alice@db/m"},
      {"postgres://alice:a%40s3cret%2F@[::1]/m", "postgresql://alice@[::1]/m"},
      {"postgres:///m?host=/run/postgresql", "postgresql:///run/postgresql/m"},
      {"postgres://", "postgresql:///"}};
  for (const auto& [url, shown] : urls) {
    const auto name = name_of_postgres(url);
    ASSERT_TRUE(name.has_value()) << url;
    EXPECT_EQ(*name, shown);
  }
}

TEST(PostgresUrl, tells_nothing_of_a_password_that_is_written_wrongly) {
  for (const char* url :
       {"postgres://alice:s3@cret@db/m", "postgres://alice:s3/cret@db/m",
        "postgres://alice:s3?cret@db/m", "postgres://alice:s3#cret@db/m",
        "postgres://alice:s3%cret@db/m", "postgres://db/m?password=s3cret&nonsense=1",
        "postgres://alice:s3cret@[::1/m"}) {
    const auto name = name_of_postgres(url);
    ASSERT_FALSE(name.has_value()) << url;
    EXPECT_EQ(name.error().message.find("s3"), std::string::npos) << name.error().message;
    EXPECT_EQ(name.error().message.find("cret"), std::string::npos) << name.error().message;
    EXPECT_NE(name.error().message.find("%40"), std::string::npos);
  }
}

TEST(PostgresUrl, is_known_by_both_its_schemes) {
  EXPECT_TRUE(is_postgres_url("postgres://"));
  EXPECT_TRUE(is_postgres_url("postgresql://db/m"));
  EXPECT_FALSE(is_postgres_url("postgresql:db"));
  EXPECT_FALSE(is_postgres_url("mysql://db/m"));
}

}  // namespace
}  // namespace parley
