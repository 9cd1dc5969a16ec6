#pragma once
// OpsRoutes: what the operators' port answers. Loopback by default.

#include <functional>
#include <optional>
#include <string_view>

#include "http/http_handler.h"
#include "server/health.h"
#include "stats/metrics.h"

namespace parley {

/// `/metrics`, `/healthz`, `/readyz` and `/version`.
class OpsRoutes final : public HttpHandler {
 public:
  /// `service` is how `/version` names this process.
  OpsRoutes(const Metrics& metrics, const Health& health, std::string_view service)
      : metrics_(metrics), health_(health), service_(service) {}

  HttpResponse handle(const HttpRequest& request) override;
  std::optional<HttpResponse> upgrade(const HttpRequest& request, Upgrade&) override {
    return handle(request);
  }

 private:
  const Metrics& metrics_;
  const Health& health_;
  const std::string_view service_;
};

}  // namespace parley
