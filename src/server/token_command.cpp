#include "server/token_command.h"

#include <ostream>

#include "auth/room_token.h"
#include "base/ids.h"

namespace parley {
namespace {

constexpr std::string_view no_secret =
    "No secret is configured. Set JWT_SECRET (or auth.jwt_secret in the file, or --secret) to the "
    "one the server uses.\n";

TokenRules rules_of(const Config& config) {
  return {.secret = config.auth.jwt_secret,
          .issuer = config.auth.issuer,
          .leeway = std::chrono::duration_cast<std::chrono::seconds>(config.auth.leeway)};
}

}  // namespace

int run_token_create(const TokenCreateOptions& options, const Config& config, UnixMillis now,
                     std::ostream& out, std::ostream& err) {
  if (config.auth.jwt_secret.empty()) {
    err << no_secret;
    return 1;
  }
  const auto ttl_seconds = std::chrono::duration_cast<std::chrono::seconds>(options.ttl).count();
  const RoomTokenClaims claims{
      .user_id = options.user,
      .room = options.room,
      .display_name = options.name.empty() ? options.user : options.name,
      .may_join = !options.observer,
      .is_host = options.host,
      .observer = options.observer,
      .expires_at = static_cast<std::int64_t>(now.count / 1000) + ttl_seconds};
  const TokenRules rules = rules_of(config);
  const auto token = make_room_token(claims, rules);
  if (!token) {
    err << token.error().message << "\n";
    return 1;
  }
  // A token that our own server refuses helps nobody.
  if (!read_room_token(*token, rules, now)) {
    err << "The server would refuse this token. A room is 1 to " << id_bytes_max
        << " of A-Z a-z 0-9 _ -; user and name are 1 to " << id_bytes_max
        << " bytes without control characters.\n";
    return 1;
  }
  out << *token << "\n";
  return 0;
}

int run_token_inspect(const std::string& token, const Config& config, UnixMillis now,
                      std::ostream& out, std::ostream& err) {
  const TokenReport report = inspect_room_token(token, rules_of(config), now);
  if (report.claims.empty()) {
    err << "This is no token: it must be three parts of base64url with dots between.\n";
    return 1;
  }
  out << "header: " << report.header << "\nclaims: " << report.claims << "\n";
  if (config.auth.jwt_secret.empty()) {
    out << "verdict: unknown\n";
    err << no_secret;
    return 1;
  }
  if (!report.verdict) {
    out << "verdict: refused with " << report.verdict.error().status << " ("
        << report.verdict.error().reason << "): " << report.verdict.error().body << "\n";
    return 1;
  }
  out << "verdict: lets " << report.verdict->user_id << " into " << report.verdict->room.value
      << (report.verdict->role == Role::observer ? " as an observer" : "") << "\n";
  return 0;
}

}  // namespace parley
