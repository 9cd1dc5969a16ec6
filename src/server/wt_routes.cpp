#include "server/wt_routes.h"

#include <utility>

#include "server/routes.h"
#include "server/version.h"

namespace parley {

std::unique_ptr<QuicProtocol> WtRoutes::accept(QuicConnection& connection, Now) {
  return std::make_unique<Http3Connection>(connection, *this, rules_, partial_, stats_);
}

Http3Response WtRoutes::handle(const Http3Request& request, Now) {
  const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
  if (path == "/healthz") return {200, "text/plain", "Ok"};
  if (path == "/version") return {200, "application/json", version_json(webtransport_service)};
  if (path == "/readyz") {
    HttpResponse answer = readiness(health_);
    return {answer.status, "application/json", std::string(as_text(answer.body.bytes()))};
  }
  if (path == "/") return {200, "text/plain", "Parley takes WebTransport sessions here.\n"};
  if (is_lobby(request.path)) {
    refusals_.count("bad_upgrade");
    return {400, "text/plain", "WebTransport handshake expected"};
  }
  refusals_.count("not_found");
  return {404, "text/plain", "Not found"};
}

std::unique_ptr<WtSessionEvents> WtRoutes::connect(const Http3Request& request, WtSession& session,
                                                   Http3Response& refusal, Now now) {
  if (!is_lobby(request.path)) {
    refusals_.count("not_found");
    refusal = {404, "text/plain", "Not found"};
    return nullptr;
  }
  auto entry = entrance_.admit(request.path, now.unix);
  if (!entry) {
    refusal = {entry.error().status, "text/plain", std::move(entry.error().body)};
    return nullptr;
  }
  return sessions_.add(session, std::move(entry->identity), entry->resume, now);
}

}  // namespace parley
