#include "auth/lobby.h"

#include <gtest/gtest.h>

#include <string>

namespace parley {
namespace {

constexpr UnixMillis now{1'770'000'000'000};
const LobbyRules open_rules{.token = {.secret = "a secret that is long enough for a test"}};
const std::string secret_hex = "000102030405060708090a0b0c0d0e0f";

std::string token() {
  return make_room_token({.user_id = "alice",
                          .room = "kitchen",
                          .display_name = "Alice",
                          .expires_at = 1'770'000'600},
                         open_rules.token)
      .value();
}

void expect_refused(const std::string& target, int status, std::string_view body,
                    const LobbyRules& rules = open_rules) {
  const auto entry = read_lobby(target, rules, now);
  ASSERT_FALSE(entry.has_value()) << target;
  EXPECT_EQ(entry.error().status, status) << target;
  EXPECT_EQ(entry.error().body, body) << target;
}

constexpr std::string_view bad_format = "Invalid user_id or room format";

TEST(Lobby, knows_its_own_paths) {
  for (const char* target : {"/lobby", "/lobby?token=x", "/lobby/", "/lobby/a/b", "/lobby/a/b?x"})
    EXPECT_TRUE(is_lobby(target)) << target;
  for (const char* target : {"", "/", "/lobbyist", "/lobb", "lobby", "/x/lobby", "/?/lobby"})
    EXPECT_FALSE(is_lobby(target)) << target;
}

TEST(Lobby, reads_a_token) {
  const auto entry = read_lobby("/lobby?token=" + token(), open_rules, now);

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->identity.user_id, "alice");
  EXPECT_EQ(entry->identity.room.value, "kitchen");
  EXPECT_FALSE(entry->resume.has_value());
}

TEST(Lobby, asks_for_a_token) {
  for (const char* target : {"/lobby", "/lobby?", "/lobby?tokens=x", "/lobby?x=token"})
    expect_refused(target, 400, "Query deserialize error: missing field `token`");
  expect_refused("/lobby?token=a&token=b", 400, "Query deserialize error: duplicate field `token`");
}

TEST(Lobby, refuses_a_bad_token_as_the_token_reader_says) {
  for (const char* target : {"/lobby?token=", "/lobby?token", "/lobby?token=a.b.c",
                             "/lobby?token=%", "/lobby?token=%FF%00"})
    expect_refused(
        target, 403,
        "We detected unusual activity from your browser. This incident has been logged.");
}

TEST(Lobby, says_first_that_it_has_no_secret) {
  expect_refused("/lobby?token=%", 500, "Server misconfigured", {.token = {.secret = ""}});
}

TEST(Lobby, believes_the_path_while_it_is_open) {
  const auto entry = read_lobby("/lobby/alice/kitchen-2?token=ignored", open_rules, now);

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->identity.user_id, "alice");
  EXPECT_EQ(entry->identity.display_name, "alice");
  EXPECT_EQ(entry->identity.room.value, "kitchen-2");
  EXPECT_EQ(entry->identity.role, Role::participant);
  EXPECT_FALSE(entry->identity.is_host);
}

TEST(Lobby, closes_the_path_but_not_the_token_endpoint) {
  LobbyRules closed = open_rules;
  closed.path_endpoint_open = false;

  expect_refused("/lobby/alice/kitchen", 410,
                 "This endpoint is deprecated. Use GET /lobby?token=<JWT> instead.", closed);
  EXPECT_TRUE(read_lobby("/lobby?token=" + token(), closed, now).has_value());
}

TEST(Lobby, decodes_the_path_and_makes_spaces_underscores) {
  const auto entry = read_lobby("/lobby/a%20b/%63%2D1", open_rules, now);

  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->identity.user_id, "a_b");
  EXPECT_EQ(entry->identity.room.value, "c-1");
}

TEST(Lobby, takes_no_strange_ids_in_the_path) {
  for (const char* id :
       {"", "%FF", "%00", "%", "%2", "%2g", "a.b", "*", "%3E", "a%2Fb", "a+b", "a@b", "%0a"}) {
    expect_refused("/lobby/" + std::string(id) + "/kitchen", 400, bad_format);
    expect_refused("/lobby/alice/" + std::string(id), 400, bad_format);
  }
  EXPECT_TRUE(read_lobby("/lobby/" + std::string(255, 'a') + "/k", open_rules, now).has_value());
  expect_refused("/lobby/" + std::string(256, 'a') + "/k", 400, bad_format);
}

TEST(Lobby, has_exactly_two_rooms_below_it) {
  for (const char* target : {"/lobby/", "/lobby/alice", "/lobby/alice/kitchen/", "/lobby/a/b/c"})
    expect_refused(target, 404, "Use /lobby?token=<JWT> or /lobby/<user>/<room>");
  expect_refused("/elsewhere", 404, "Not Found");
}

TEST(Lobby, keeps_only_the_hash_of_a_resume_secret) {
  const auto by_path = read_lobby("/lobby/alice/kitchen?resume=" + secret_hex, open_rules, now);
  const auto by_token = read_lobby(
      "/lobby?resume=000102030405060708090A0B0C0D0E0F&token=" + token(), open_rules, now);

  ASSERT_TRUE(by_path.has_value() && by_path->resume.has_value());
  ASSERT_TRUE(by_token.has_value() && by_token->resume.has_value());
  EXPECT_TRUE(*by_path->resume == *by_token->resume);
  // SHA-256 of the bytes 0 to 15 begins with be 45 cb 26.
  EXPECT_EQ(by_path->resume->sha256[0], 0xbe);
  EXPECT_EQ(by_path->resume->sha256[1], 0x45);
  EXPECT_EQ(by_path->resume->sha256[2], 0xcb);
  EXPECT_EQ(by_path->resume->sha256[3], 0x26);
}

TEST(Lobby, refuses_a_resume_secret_of_another_form) {
  for (const std::string& resume :
       {std::string("resume"), std::string("resume="), "resume=" + secret_hex.substr(1),
        "resume=" + secret_hex + "0", "resume=g" + secret_hex.substr(1),
        "resume=" + secret_hex + "&resume=" + secret_hex})
    expect_refused("/lobby/alice/kitchen?" + resume, 400, "resume must be 32 hexadecimal digits");
}

}  // namespace
}  // namespace parley
