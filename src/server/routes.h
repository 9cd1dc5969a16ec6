#pragma once
// Routes: what the public port answers.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actor/shard.h"
#include "auth/lobby.h"
#include "http/http_handler.h"
#include "http/static_files.h"
#include "server/certificate_store.h"
#include "server/entrance.h"
#include "server/health.h"
#include "stats/refusal_counts.h"
#include "websocket/ws_sessions.h"

namespace parley {

/// What the routes of all shards share; it outlives them and does not change while they run.
struct RouteRules {
  LobbyRules lobby;
  std::size_t sessions_max = 100'000;
  StaticFiles page;
  /// Whether sessions over WebSocket are taken.
  bool websocket = true;
  /// How `/version` names this process.
  std::string_view service;
  /// Null without WebTransport.
  const CertificateStore* certificates = nullptr;
  std::uint16_t webtransport_port = 0;
  std::string webtransport_url;  ///< webtransport.public_url
};

/// The routes of one shard:
///
/// | path                      | answer                                                         |
/// |---------------------------|----------------------------------------------------------------|
/// | `/lobby?token=`           | a WebSocket, or why not                                        |
/// | `/lobby/<user>/<room>`    | the same without a token, where that is allowed                |
/// | `/transports`             | how a page reaches this server, as JSON                        |
/// | `/version`                | what was built                                                 |
/// | `/healthz`                | `Ok` while the process lives                                   |
/// | `/readyz`                 | 200 while joins are welcome, 503 otherwise, with the reasons   |
/// | the page                  | when the page is served                                        |
class Routes final : public HttpHandler {
 public:
  Routes(Shard& shard, WsSessions& sessions, Entrance& entrance, RefusalCounts& refusals,
         const RouteRules& rules, const Health& health);

  HttpResponse handle(const HttpRequest& request) override;
  std::optional<HttpResponse> upgrade(const HttpRequest& request, Upgrade& upgrade) override;
  void on_refused(std::string_view reason) override { refusals_.count(reason); }

 private:
  HttpResponse refuse(int status, std::string_view body, std::string_view reason);
  HttpResponse refuse_websocket();
  HttpResponse refuse_method(std::string_view allowed);
  /// Who enters by this request, or the answer that refuses him.
  Result<LobbyEntry, HttpResponse> admit(const HttpRequest& request);

  Shard& shard_;
  WsSessions& sessions_;
  Entrance& entrance_;
  RefusalCounts& refusals_;
  const RouteRules& rules_;
  const Health& health_;
};

/// The answer to `/transports`: where WebTransport is, and by which certificate hashes a page knows
/// it (none when an authority vouches for the certificate).
[[nodiscard]] std::string transports_json(const RouteRules& rules);

/// The answer to `/readyz`: whether joins are welcome, as JSON.
[[nodiscard]] HttpResponse readiness(const Health& health);

}  // namespace parley
