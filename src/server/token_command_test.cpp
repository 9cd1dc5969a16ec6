#include "server/token_command.h"

#include <gtest/gtest.h>

#include <sstream>

namespace parley {
namespace {

constexpr UnixMillis now{1'770'000'000'000};

struct TokenCommand : testing::Test {
  TokenCommand() { config.auth.jwt_secret = "a secret that is long enough for a test"; }

  Config config;
  TokenCreateOptions options{.user = "alice", .room = "kitchen"};
  std::ostringstream out, err;
};

TEST_F(TokenCommand, makes_what_it_accepts) {
  ASSERT_EQ(run_token_create(options, config, now, out, err), 0);
  std::string token = out.str();
  token.pop_back();

  std::ostringstream seen;
  EXPECT_EQ(run_token_inspect(token, config, now, seen, err), 0);
  EXPECT_NE(seen.str().find("verdict: lets alice into kitchen"), std::string::npos) << seen.str();

  const UnixMillis later{now.count + 1'000'000};
  EXPECT_EQ(run_token_inspect(token, config, later, seen, err), 1);
  EXPECT_NE(seen.str().find("refused with 401 (expired)"), std::string::npos);
}

TEST_F(TokenCommand, says_which_secret_is_missing) {
  config.auth.jwt_secret.clear();

  EXPECT_EQ(run_token_create(options, config, now, out, err), 1);
  EXPECT_NE(err.str().find("JWT_SECRET"), std::string::npos);
  EXPECT_EQ(out.str(), "");
}

TEST_F(TokenCommand, makes_no_token_that_would_be_refused) {
  options.room = "a room";
  EXPECT_EQ(run_token_create(options, config, now, out, err), 1);
  EXPECT_EQ(out.str(), "");
}

TEST_F(TokenCommand, knows_what_is_no_token) {
  EXPECT_EQ(run_token_inspect("nonsense", config, now, out, err), 1);
  EXPECT_NE(err.str().find("This is no token"), std::string::npos);
}

}  // namespace
}  // namespace parley
