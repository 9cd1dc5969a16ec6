#include "auth/room_token.h"

#include <jwt.h>

#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "wire/utf8.h"

namespace parley {
namespace {

struct FreeJwt {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};
using Jwt = std::unique_ptr<jwt_t, FreeJwt>;

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};
using CText = std::unique_ptr<char, FreeText>;

Refusal misconfigured() { return {500, "Server misconfigured", "misconfigured"}; }

Refusal not_ours() {
  return {403, "We detected unusual activity from your browser. This incident has been logged.",
          "bad_token"};
}

// Three parts of base64url characters. libjwt is more forgiving about what a token looks like.
bool looks_like_token(std::string_view token) {
  if (token.empty() || token.size() > token_bytes_max) return false;
  int dots = 0;
  for (const char c : token) {
    if (c == '.')
      ++dots;
    else if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
             c != '-' && c != '_')
      return false;
  }
  return dots == 2 && token.back() != '.';
}

// UTF-8 of 1–255 bytes without control characters (C0, DEL and C1).
bool is_speakable(std::string_view text) {
  if (text.empty() || text.size() > id_bytes_max || !is_utf8(as_bytes(text))) return false;
  char before = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (before == '\xc2' && byte < 0xa0)) return false;
    before = c;
  }
  return true;
}

// A claim as JSON, or nothing. libjwt's own readers for numbers and booleans do not tell a claim of
// another type from 0.
std::optional<std::string> json_claim(jwt_t& jwt, const char* name) {
  const CText json(jwt_get_grants_json(&jwt, name));
  if (json == nullptr) return std::nullopt;
  return std::string(json.get());
}

std::optional<std::string> text_claim(jwt_t& jwt, const char* name) {
  const char* value = jwt_get_grant(&jwt, name);
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::optional<bool> bool_claim(jwt_t& jwt, const char* name) {
  const auto json = json_claim(jwt, name);
  if (json != "true" && json != "false") return std::nullopt;
  return json == "true";
}

std::optional<std::int64_t> int_claim(jwt_t& jwt, const char* name) {
  const auto json = json_claim(jwt, name);
  if (!json) return std::nullopt;
  std::int64_t value = 0;
  const char* end = json->data() + json->size();
  const auto read = std::from_chars(json->data(), end, value);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

// Decodes without a key: signature and algorithm are not looked at. For inspecting only.
Jwt decode_unverified(const std::string& token) {
  jwt_t* raw = nullptr;
  if (jwt_decode(&raw, token.c_str(), nullptr, 0) != 0) return nullptr;
  return Jwt(raw);
}

// A token signed with HS256 and our secret, or nothing.
Jwt decode_verified(std::string_view token, const std::string& secret) {
  if (!looks_like_token(token)) return nullptr;
  jwt_t* raw = nullptr;
  const auto* key = reinterpret_cast<const unsigned char*>(secret.data());
  const std::string terminated(token);
  if (jwt_decode(&raw, terminated.c_str(), key, static_cast<int>(secret.size())) != 0)
    return nullptr;
  Jwt jwt(raw);
  // libjwt verifies with whatever algorithm the header names; only one of them is ours.
  if (jwt_get_alg(jwt.get()) != JWT_ALG_HS256) return nullptr;
  return jwt;
}

Result<Identity, Refusal> read_claims(jwt_t& jwt, const TokenRules& rules, UnixMillis now) {
  const auto user = text_claim(jwt, "sub");
  const auto room = text_claim(jwt, "room");
  const auto name = text_claim(jwt, "display_name");
  const auto issuer = text_claim(jwt, "iss");
  const auto may_join = bool_claim(jwt, "room_join");
  const auto is_host = bool_claim(jwt, "is_host");
  const auto expires = int_claim(jwt, "exp");
  const auto observer =
      json_claim(jwt, "observer") ? bool_claim(jwt, "observer") : std::optional<bool>(false);

  if (!user || !room || !name || !issuer || !may_join || !is_host || !expires || !observer)
    return tl::unexpected(not_ours());
  if (*issuer != rules.issuer || json_claim(jwt, "aud")) return tl::unexpected(not_ours());
  if (!is_speakable(*user) || !is_speakable(*name)) return tl::unexpected(not_ours());

  const auto now_seconds = static_cast<std::int64_t>(now.count / 1000);
  if (*expires < now_seconds - rules.leeway.count())
    return tl::unexpected(Refusal{401, "token has expired", "expired"});
  if (!is_plain_id(*room)) return tl::unexpected(not_ours());
  if (!*may_join && !*observer) return tl::unexpected(Refusal{403, "access denied", "denied"});

  return Identity{.room = {*room},
                  .user_id = *user,
                  .display_name = *name,
                  .role = *observer ? Role::observer : Role::participant,
                  .is_host = *is_host};
}

}  // namespace

Result<Identity, Refusal> read_room_token(std::string_view token, const TokenRules& rules,
                                          UnixMillis now) {
  // An empty key would let libjwt accept `alg: none`.
  if (rules.secret.empty()) return tl::unexpected(misconfigured());
  const Jwt jwt = decode_verified(token, rules.secret);
  if (jwt == nullptr) return tl::unexpected(not_ours());
  return read_claims(*jwt, rules, now);
}

Result<std::string> make_room_token(const RoomTokenClaims& claims, const TokenRules& rules) {
  if (rules.secret.empty()) return fail("a token cannot be signed without a secret");
  jwt_t* raw = nullptr;
  if (jwt_new(&raw) != 0) return fail("out of memory");
  const Jwt jwt(raw);
  const auto* key = reinterpret_cast<const unsigned char*>(rules.secret.data());
  const bool made =
      jwt_set_alg(raw, JWT_ALG_HS256, key, static_cast<int>(rules.secret.size())) == 0 &&
      jwt_add_grant(raw, "sub", claims.user_id.c_str()) == 0 &&
      jwt_add_grant(raw, "room", claims.room.c_str()) == 0 &&
      jwt_add_grant(raw, "display_name", claims.display_name.c_str()) == 0 &&
      jwt_add_grant_bool(raw, "room_join", claims.may_join ? 1 : 0) == 0 &&
      jwt_add_grant_bool(raw, "is_host", claims.is_host ? 1 : 0) == 0 &&
      jwt_add_grant_bool(raw, "observer", claims.observer ? 1 : 0) == 0 &&
      jwt_add_grant_int(raw, "exp", claims.expires_at) == 0 &&
      jwt_add_grant(raw, "iss", rules.issuer.c_str()) == 0;
  if (!made) return fail("these claims cannot be written as JSON: is all of it UTF-8?");
  const CText token(jwt_encode_str(raw));
  if (token == nullptr) return fail("the token cannot be signed");
  return std::string(token.get());
}

TokenReport inspect_room_token(std::string_view token, const TokenRules& rules, UnixMillis now) {
  TokenReport report{{}, {}, read_room_token(token, rules, now)};
  if (!looks_like_token(token)) return report;
  const Jwt jwt = decode_unverified(std::string(token));
  if (jwt == nullptr) return report;
  if (const CText header(jwt_get_headers_json(jwt.get(), nullptr)); header != nullptr)
    report.header = header.get();
  if (const CText claims(jwt_get_grants_json(jwt.get(), nullptr)); claims != nullptr)
    report.claims = claims.get();
  return report;
}

}  // namespace parley
