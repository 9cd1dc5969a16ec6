#include "server/ops_routes.h"

#include <string>

#include "server/routes.h"
#include "server/version.h"

namespace parley {

HttpResponse OpsRoutes::handle(const HttpRequest& request) {
  const std::string_view path = request.path();
  if (!request.is_read()) return HttpResponse::method_not_allowed("GET, HEAD");
  if (path == "/metrics") {
    HttpResponse response = HttpResponse::text(200, metrics_.render());
    response.content_type = std::string(metrics_content_type);
    return response;
  }
  if (path == "/healthz") return HttpResponse::text(200, "Ok");
  if (path == "/readyz") return readiness(health_);
  if (path == "/version") return HttpResponse::json(200, version_json(service_));
  return HttpResponse::text(404, "Not found: this port has /metrics, /healthz, /readyz, /version");
}

}  // namespace parley
