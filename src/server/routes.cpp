#include "server/routes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <vector>

#include "server/version.h"
#include "websocket/handshake.h"

namespace parley {

std::string transports_json(const RouteRules& rules) {
  std::string webtransport = "null";
  // Neither base64 nor an address that the configuration let through needs escaping.
  if (rules.certificates != nullptr) {
    std::vector<std::string> hashes;
    for (const std::string& hash : rules.certificates->hashes())
      hashes.push_back(fmt::format("\"{}\"", hash));
    const std::string& url = rules.webtransport_url;
    webtransport =
        fmt::format(R"({{"port":{},"url":{},"certificate_hashes":[{}]}})", rules.webtransport_port,
                    url.empty() ? "null" : fmt::format("\"{}\"", url), fmt::join(hashes, ","));
  }
  return fmt::format(R"({{"websocket":{},"webtransport":{}}})",
                     rules.websocket ? R"({"path":"/lobby"})" : "null", webtransport);
}

HttpResponse readiness(const Health& health) {
  switch (health.phase()) {
    case Health::Phase::starting:
      return HttpResponse::json(503, R"({"ready":false,"reasons":["starting"]})");
    case Health::Phase::ready:
      return HttpResponse::json(200, R"({"ready":true,"reasons":[]})");
    case Health::Phase::draining:
      return HttpResponse::json(503, R"({"ready":false,"reasons":["draining"]})");
  }
  return HttpResponse::json(503, R"({"ready":false,"reasons":["unknown"]})");
}

Routes::Routes(Shard& shard, WsSessions& sessions, Entrance& entrance, RefusalCounts& refusals,
               const RouteRules& rules, const Health& health)
    : shard_(shard),
      sessions_(sessions),
      entrance_(entrance),
      refusals_(refusals),
      rules_(rules),
      health_(health) {}

HttpResponse Routes::handle(const HttpRequest& request) {
  const std::string_view path = request.path();
  if (is_lobby(request.target)) {
    if (!rules_.websocket) return refuse_websocket();
    if (request.method != "GET") return refuse_method("GET");
    auto entry = admit(request);
    if (!entry) return std::move(entry.error());
    // A valid entry, but no WebSocket: the handshake says what is missing.
    auto answer = check_handshake(request);
    if (answer) return refuse(400, "WebSocket handshake expected", "bad_upgrade");
    refusals_.count("bad_upgrade");
    return std::move(answer.error());
  }
  if (path == "/version" || path == "/healthz" || path == "/readyz" || path == "/transports") {
    if (!request.is_read()) return refuse_method("GET, HEAD");
    if (path == "/transports") return HttpResponse::json(200, transports_json(rules_));
    if (path == "/version") return HttpResponse::json(200, version_json(rules_.service));
    return path == "/healthz" ? HttpResponse::text(200, "Ok") : readiness(health_);
  }
  if (auto file = rules_.page.find(request)) {
    if (!request.is_read()) return refuse_method("GET, HEAD");
    return std::move(*file);
  }
  return refuse(404, "Not found", "not_found");
}

std::optional<HttpResponse> Routes::upgrade(const HttpRequest& request, Upgrade& upgrade) {
  if (!is_lobby(request.target) || !rules_.websocket) return handle(request);
  auto entry = admit(request);
  if (!entry) return std::move(entry.error());
  auto accept = check_handshake(request);
  if (!accept) {
    refusals_.count("bad_upgrade");
    return std::move(accept.error());
  }
  sessions_.add(upgrade.take(), handshake_answer(*accept), std::move(entry->identity),
                entry->resume, request.remote_address);
  return std::nullopt;
}

Result<LobbyEntry, HttpResponse> Routes::admit(const HttpRequest& request) {
  auto entry = entrance_.admit(request.target, shard_.now().unix);
  if (entry) return std::move(*entry);
  return tl::unexpected(HttpResponse::text(entry.error().status, entry.error().body));
}

HttpResponse Routes::refuse_websocket() {
  return refuse(
      404,
      fmt::format("Sessions are over WebTransport only, on UDP port {}", rules_.webtransport_port),
      "not_found");
}

HttpResponse Routes::refuse_method(std::string_view allowed) {
  refusals_.count("method_not_allowed");
  return HttpResponse::method_not_allowed(allowed);
}

HttpResponse Routes::refuse(int status, std::string_view body, std::string_view reason) {
  refusals_.count(reason);
  return HttpResponse::text(status, body);
}

}  // namespace parley
