#pragma once
// OpsRoutes: what the operators' port answers. Loopback by default.

#include <functional>
#include <optional>

#include "http/http_handler.h"
#include "server/health.h"
#include "stats/metrics.h"

namespace parley {

/// `/metrics`, `/healthz`, `/readyz` and `/version`.
class OpsRoutes final : public HttpHandler {
 public:
  OpsRoutes(const Metrics& metrics, const Health& health) : metrics_(metrics), health_(health) {}

  HttpResponse handle(const HttpRequest& request) override;
  std::optional<HttpResponse> upgrade(const HttpRequest& request, Upgrade&) override {
    return handle(request);
  }

 private:
  const Metrics& metrics_;
  const Health& health_;
};

}  // namespace parley
