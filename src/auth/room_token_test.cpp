#include "auth/room_token.h"

#include <gtest/gtest.h>
#include <jwt.h>

#include <cstdlib>
#include <limits>
#include <string>

namespace parley {
namespace {

constexpr std::int64_t noon = 1'770'000'000;
const TokenRules rules{.secret = "a secret that is long enough for a test"};

UnixMillis at(std::int64_t seconds) { return {static_cast<std::uint64_t>(seconds) * 1000}; }

RoomTokenClaims alice() {
  return {.user_id = "alice@example.org",
          .room = "kitchen",
          .display_name = "Alice",
          .expires_at = noon + 600};
}

std::string token_of(const RoomTokenClaims& claims, const TokenRules& by = rules) {
  return make_room_token(claims, by).value();
}

// A token whose claims are exactly `json`, signed as the header of `alg` says.
std::string signed_json(const std::string& json, jwt_alg_t alg = JWT_ALG_HS256,
                        const std::string& key = rules.secret) {
  jwt_t* jwt = nullptr;
  jwt_new(&jwt);
  jwt_add_grants_json(jwt, json.c_str());
  if (alg != JWT_ALG_NONE)
    jwt_set_alg(jwt, alg, reinterpret_cast<const unsigned char*>(key.data()),
                static_cast<int>(key.size()));
  char* text = jwt_encode_str(jwt);
  std::string token = text == nullptr ? "" : text;
  std::free(text);
  jwt_free(jwt);
  return token;
}

std::string claims_json(const std::string& extra = "") {
  return R"({"sub":"alice","room":"kitchen","room_join":true,"is_host":false,)"
         R"("display_name":"Alice","iss":"videocall-meeting-backend","exp":1770000600)" +
         extra + "}";
}

void expect_refused(const std::string& token, int status, std::string_view reason,
                    std::int64_t now = noon) {
  const auto identity = read_room_token(token, rules, at(now));
  ASSERT_FALSE(identity.has_value());
  EXPECT_EQ(identity.error().status, status);
  EXPECT_EQ(identity.error().reason, reason);
}

TEST(RoomToken, says_who_comes_and_where_to) {
  auto claims = alice();
  claims.is_host = true;

  const auto identity = read_room_token(token_of(claims), rules, at(noon));

  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->user_id, "alice@example.org");
  EXPECT_EQ(identity->room.value, "kitchen");
  EXPECT_EQ(identity->display_name, "Alice");
  EXPECT_EQ(identity->role, Role::participant);
  EXPECT_TRUE(identity->is_host);
}

TEST(RoomToken, of_an_observer_makes_an_observer_even_without_room_join) {
  auto claims = alice();
  claims.observer = true;
  claims.may_join = false;

  const auto identity = read_room_token(token_of(claims), rules, at(noon));

  ASSERT_TRUE(identity.has_value());
  EXPECT_EQ(identity->role, Role::observer);
}

TEST(RoomToken, may_leave_the_observer_claim_out) {
  EXPECT_TRUE(read_room_token(signed_json(claims_json()), rules, at(noon)).has_value());
}

TEST(RoomToken, is_never_believed_without_a_secret_to_check_it_with) {
  const TokenRules none{.secret = ""};

  for (const auto& token : {token_of(alice()), signed_json(claims_json(), JWT_ALG_NONE)}) {
    const auto identity = read_room_token(token, none, at(noon));
    ASSERT_FALSE(identity.has_value());
    EXPECT_EQ(identity.error().status, 500);
    EXPECT_EQ(identity.error().body, "Server misconfigured");
  }
}

TEST(RoomToken, signed_by_somebody_else_is_refused) {
  expect_refused(token_of(alice(), {.secret = "another secret"}), 403, "bad_token");
}

TEST(RoomToken, chooses_no_algorithm) {
  expect_refused(signed_json(claims_json(), JWT_ALG_NONE), 403, "bad_token");
  expect_refused(signed_json(claims_json(), JWT_ALG_HS384), 403, "bad_token");
  expect_refused(signed_json(claims_json(), JWT_ALG_HS512), 403, "bad_token");
  // {"alg":"RS256","typ":"JWT"} before a body that a valid HS256 signature follows.
  const std::string good = token_of(alice());
  expect_refused("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9" + good.substr(good.find('.')), 403,
                 "bad_token");
  // {"alg":"none"} in front of a good body and signature.
  expect_refused("eyJhbGciOiJub25lIn0" + good.substr(good.find('.')), 403, "bad_token");
}

TEST(RoomToken, changed_in_any_one_character_is_refused) {
  const std::string good = token_of(alice());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_room_token(bad, rules, at(noon)).has_value()) << "at " << i;
  }
}

TEST(RoomToken, cut_short_anywhere_is_refused) {
  const std::string good = token_of(alice());
  for (std::size_t i = 0; i < good.size(); ++i)
    EXPECT_FALSE(read_room_token(good.substr(0, i), rules, at(noon)).has_value()) << "at " << i;
}

TEST(RoomToken, with_padding_blanks_or_a_fourth_part_is_refused) {
  const std::string good = token_of(alice());
  for (const std::string& bad : {good + "=", good + " ", " " + good, good + ".", good + ".x",
                                 "." + good, good + "\n", good + std::string(1, '\0')})
    expect_refused(bad, 403, "bad_token");
}

TEST(RoomToken, longer_than_8_KiB_is_refused) {
  auto claims = alice();
  claims.display_name = std::string(token_bytes_max, 'a');

  expect_refused(token_of(claims), 403, "bad_token");
}

TEST(RoomToken, is_good_for_a_minute_after_its_end) {
  const std::string token = token_of(alice());

  EXPECT_TRUE(read_room_token(token, rules, at(noon + 660)).has_value());
  expect_refused(token, 401, "expired", noon + 661);
  EXPECT_EQ(read_room_token(token, rules, at(noon + 661)).error().body, "token has expired");
}

TEST(RoomToken, with_an_absurd_end_is_just_read) {
  auto claims = alice();
  claims.expires_at = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(read_room_token(token_of(claims), rules, at(noon)).has_value());

  claims.expires_at = std::numeric_limits<std::int64_t>::min();
  expect_refused(token_of(claims), 401, "expired");
}

TEST(RoomToken, without_a_required_claim_is_refused) {
  for (const char* missing : {R"("sub":"alice",)", R"("room":"kitchen",)", R"("room_join":true,)",
                              R"("is_host":false,)", R"("display_name":"Alice",)",
                              R"("iss":"videocall-meeting-backend",)", R"(,"exp":1770000600)"}) {
    std::string json = claims_json();
    json.erase(json.find(missing), std::string_view(missing).size());
    expect_refused(signed_json(json), 403, "bad_token");
  }
}

TEST(RoomToken, with_a_claim_of_another_type_is_refused) {
  const auto replaced = [](std::string_view from, std::string_view to) {
    std::string json = claims_json();
    json.replace(json.find(from), from.size(), to);
    return signed_json(json);
  };
  expect_refused(replaced(R"("alice")", "1"), 403, "bad_token");
  expect_refused(replaced(R"("kitchen")", "null"), 403, "bad_token");
  expect_refused(replaced(R"("room_join":true)", R"("room_join":1)"), 403, "bad_token");
  expect_refused(replaced("1770000600", "1770000600.5"), 403, "bad_token");
  expect_refused(replaced("1770000600", R"("1770000600")"), 403, "bad_token");
  expect_refused(signed_json(claims_json(R"(,"observer":"yes")")), 403, "bad_token");
}

TEST(RoomToken, of_another_issuer_or_for_an_audience_is_refused) {
  expect_refused(token_of(alice(), {.secret = rules.secret, .issuer = "somebody"}), 403,
                 "bad_token");
  expect_refused(signed_json(claims_json(R"(,"aud":"us")")), 403, "bad_token");
  expect_refused(signed_json(claims_json(R"(,"aud":["us"])")), 403, "bad_token");
  expect_refused(signed_json(claims_json(R"(,"aud":null)")), 403, "bad_token");
}

TEST(RoomToken, that_is_both_strange_and_expired_is_strange) {
  auto claims = alice();
  claims.expires_at = 0;
  expect_refused(token_of(claims, {.secret = rules.secret, .issuer = "somebody"}), 403,
                 "bad_token");
}

TEST(RoomToken, that_is_expired_and_for_a_strange_room_is_expired) {
  auto claims = alice();
  claims.expires_at = 0;
  claims.room = "*";
  expect_refused(token_of(claims), 401, "expired");
}

TEST(RoomToken, opens_no_room_whose_name_means_something_on_the_bus) {
  for (const std::string room : {"", "*", ">", "a.b", "a b", "a/b", "küche"}) {
    auto claims = alice();
    claims.room = room;
    expect_refused(token_of(claims), 403, "bad_token");
  }
  auto claims = alice();
  claims.room = std::string(255, 'r');
  EXPECT_TRUE(read_room_token(token_of(claims), rules, at(noon)).has_value());
  claims.room += 'r';
  expect_refused(token_of(claims), 403, "bad_token");
}

TEST(RoomToken, that_allows_neither_joining_nor_watching_is_refused) {
  auto claims = alice();
  claims.may_join = false;

  expect_refused(token_of(claims), 403, "denied");
  EXPECT_EQ(read_room_token(token_of(claims), rules, at(noon)).error().body, "access denied");
}

TEST(RoomToken, takes_any_name_that_can_be_shown) {
  for (const std::string name : {"Zoë Żółć", "名前", "🙂", "a b", "*", "system-&^%$#@!"}) {
    auto claims = alice();
    claims.user_id = name;
    claims.display_name = name;
    EXPECT_TRUE(read_room_token(token_of(claims), rules, at(noon)).has_value()) << name;
  }
  for (const std::string name : {"", "a\nb", "a\tb", "\x7f", "\xc2\x85"}) {
    auto claims = alice();
    claims.display_name = name;
    expect_refused(token_of(claims), 403, "bad_token");
  }
  auto claims = alice();
  claims.user_id = std::string(256, 'a');
  expect_refused(token_of(claims), 403, "bad_token");
  expect_refused(signed_json(claims_json(R"(,"sub":"twice")")), 403, "bad_token");
}

TEST(RoomToken, is_not_made_without_a_secret_or_from_bytes_that_are_no_text) {
  EXPECT_FALSE(make_room_token(alice(), {.secret = ""}).has_value());
  auto claims = alice();
  claims.display_name = "\xff";
  EXPECT_FALSE(make_room_token(claims, rules).has_value());
}

TEST(RoomToken, shows_its_inside_without_being_believed) {
  const auto report = inspect_room_token(token_of(alice(), {.secret = "another"}), rules, at(noon));

  EXPECT_NE(report.header.find("HS256"), std::string::npos);
  EXPECT_NE(report.claims.find("alice@example.org"), std::string::npos);
  EXPECT_FALSE(report.verdict.has_value());
  EXPECT_EQ(inspect_room_token("nonsense", rules, at(noon)).claims, "");
}

}  // namespace
}  // namespace parley
