#include "auth/lobby.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace parley {
namespace {

constexpr std::string_view lobby_path = "/lobby";

Refusal bad_id() { return {400, "Invalid user_id or room format", "bad_id"}; }

// The value of a hexadecimal digit, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Decodes %XX; nothing when a % is not followed by two digits.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

struct Target {
  std::string_view path;
  std::string_view query;
};

Target split_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

// All values of `name` in a query, undecoded.
std::vector<std::string_view> query_values(std::string_view query, std::string_view name) {
  std::vector<std::string_view> values;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name)
      values.push_back(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{});
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return values;
}

std::optional<ResumeKey> hash_resume_secret(std::string_view hex) {
  std::array<std::uint8_t, 16> secret{};
  if (hex.size() != 2 * secret.size()) return std::nullopt;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    secret[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  ResumeKey key;
  unsigned int size = 0;
  if (EVP_Digest(secret.data(), secret.size(), key.sha256.data(), &size, EVP_sha256(), nullptr) !=
          1 ||
      size != key.sha256.size())
    return std::nullopt;
  return key;
}

Result<std::optional<ResumeKey>, Refusal> read_resume(std::string_view query) {
  const auto values = query_values(query, "resume");
  if (values.empty()) return std::optional<ResumeKey>{};
  auto key = values.size() == 1 ? hash_resume_secret(values.front()) : std::nullopt;
  if (!key)
    return tl::unexpected(Refusal{400, "resume must be 32 hexadecimal digits", "bad_resume"});
  return key;
}

Result<Identity, Refusal> read_token_query(std::string_view query, const TokenRules& rules,
                                           UnixMillis now) {
  const auto values = query_values(query, "token");
  if (values.empty())
    return tl::unexpected(
        Refusal{400, "Query deserialize error: missing field `token`", "no_token"});
  if (values.size() > 1)
    return tl::unexpected(
        Refusal{400, "Query deserialize error: duplicate field `token`", "bad_token"});
  // What cannot be decoded is no token of ours; the token reader says so in the right order.
  return read_room_token(percent_decode(values.front()).value_or("%"), rules, now);
}

// One segment of `/lobby/<user>/<room>` as an id, or nothing.
std::optional<std::string> read_segment(std::string_view segment) {
  auto id = percent_decode(segment);
  if (!id) return std::nullopt;
  std::replace(id->begin(), id->end(), ' ', '_');
  if (!is_plain_id(*id)) return std::nullopt;
  return id;
}

Result<Identity, Refusal> read_path(std::string_view below_lobby, bool open) {
  const auto slash = below_lobby.find('/');
  if (slash == std::string_view::npos || below_lobby.find('/', slash + 1) != std::string_view::npos)
    return tl::unexpected(Refusal{404, "Use /lobby?token=<JWT> or /lobby/<user>/<room>", "bad_id"});
  if (!open)
    return tl::unexpected(
        Refusal{410, "This endpoint is deprecated. Use GET /lobby?token=<JWT> instead.", "gone"});
  auto user = read_segment(below_lobby.substr(0, slash));
  auto room = read_segment(below_lobby.substr(slash + 1));
  if (!user || !room) return tl::unexpected(bad_id());
  return Identity{.room = {std::move(*room)},
                  .user_id = *user,
                  .display_name = *user,
                  .role = Role::participant,
                  .is_host = false};
}

}  // namespace

bool is_lobby(std::string_view target) {
  const std::string_view path = split_target(target).path;
  return path == lobby_path ||
         (path.starts_with(lobby_path) && path.substr(lobby_path.size()).starts_with('/'));
}

Result<LobbyEntry, Refusal> read_lobby(std::string_view target, const LobbyRules& rules,
                                       UnixMillis now) {
  if (!is_lobby(target)) return tl::unexpected(Refusal{404, "Not Found", "not_found"});
  const auto [path, query] = split_target(target);
  auto identity = path == lobby_path
                      ? read_token_query(query, rules.token, now)
                      : read_path(path.substr(lobby_path.size() + 1), rules.path_endpoint_open);
  if (!identity) return tl::unexpected(std::move(identity.error()));
  auto resume = read_resume(query);
  if (!resume) return tl::unexpected(std::move(resume.error()));
  return LobbyEntry{std::move(*identity), *resume};
}

}  // namespace parley
