#include "server/routes.h"

#include <utility>

#include "server/version.h"
#include "websocket/handshake.h"

namespace parley {
namespace {

bool is_read(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

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

Routes::Routes(Shard& shard, WsSessions& sessions, RefusalCounts& refusals, const RouteRules& rules,
               const Health& health, const Census& census)
    : shard_(shard),
      sessions_(sessions),
      refusals_(refusals),
      rules_(rules),
      health_(health),
      census_(census) {}

HttpResponse Routes::handle(const HttpRequest& request) {
  const std::string_view path = request.path();
  if (is_lobby(request.target)) {
    if (request.method != "GET") return refuse_method();
    auto entry = admit(request);
    if (!entry) return std::move(entry.error());
    // A valid entry, but no WebSocket: the handshake says what is missing.
    auto answer = check_handshake(request);
    if (answer) return refuse(400, "WebSocket handshake expected", "bad_upgrade");
    refusals_.count("bad_upgrade");
    return std::move(answer.error());
  }
  if (path == "/version" || path == "/healthz" || path == "/readyz") {
    if (!is_read(request)) return refuse_method();
    if (path == "/version") return HttpResponse::json(200, version_json());
    return path == "/healthz" ? HttpResponse::text(200, "Ok") : readiness(health_);
  }
  if (is_read(request))
    if (auto file = rules_.page.find(request)) return std::move(*file);
  return refuse(404, "Not found", "not_found");
}

std::optional<HttpResponse> Routes::upgrade(const HttpRequest& request, Upgrade& upgrade) {
  if (!is_lobby(request.target)) return handle(request);
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
  auto entry = read_lobby(request.target, rules_.lobby, shard_.now().unix);
  if (!entry) {
    const Refusal& refusal = entry.error();
    return tl::unexpected(refuse(refusal.status, refusal.body, refusal.reason));
  }
  if (health_.draining())
    return tl::unexpected(refuse(503, "The server is shutting down", "draining"));
  if (census_.sessions() >= rules_.sessions_max)
    return tl::unexpected(refuse(503, "The server is full", "sessions_max"));
  return std::move(*entry);
}

HttpResponse Routes::refuse_method() {
  HttpResponse response = refuse(405, "Method not allowed", "method_not_allowed");
  response.fields.push_back({"Allow", "GET"});
  return response;
}

HttpResponse Routes::refuse(int status, std::string_view body, std::string_view reason) {
  refusals_.count(reason);
  return HttpResponse::text(status, body);
}

}  // namespace parley
