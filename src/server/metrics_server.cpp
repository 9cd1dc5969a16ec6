#include "server/metrics_server.h"

#include "server/version.h"

namespace parley {
namespace {

constexpr std::string_view metrics_service = "parley-metrics";

HttpRules http_rules() {
  HttpRules rules;
  rules.cors = false;
  rules.connections_max = 100;  // a few scrapers and an operator
  return rules;
}

}  // namespace

MetricsServer::MetricsServer()
    : metrics_({std::string(version().version), std::string(version().git_sha)}, unix_now()),
      shard_(0),
      connections_(shard_, *this, http_rules()) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::open(const std::string& host,
                                                           std::uint16_t port) {
  std::unique_ptr<MetricsServer> server(new MetricsServer());
  auto listener = HttpListener::open(
      server->shard_, host, port,
      [self = server.get()](int native_socket, std::string remote_address) {
        self->connections_.add({native_socket, std::move(remote_address), {}, {}});
      });
  if (!listener) return tl::unexpected(listener.error());
  server->listener_ = std::move(*listener);
  server->shard_.post([self = server.get()] { self->listener_->start(); });
  server->thread_ = std::thread([self = server.get()] { self->shard_.run(); });
  return server;
}

MetricsServer::~MetricsServer() {
  shard_.stop();
  if (thread_.joinable()) thread_.join();
}

void MetricsServer::on_message(std::string_view subject, Bytes payload, Now now) {
  const std::lock_guard lock(mutex_);
  metrics_.on_message(subject, payload, now);
}

HttpResponse MetricsServer::handle(const HttpRequest& request) {
  const std::string_view path = request.path();
  if (!request.is_read()) return HttpResponse::method_not_allowed("GET, HEAD");
  if (path == "/health" || path == "/healthz") return HttpResponse::text(200, "OK");
  if (path == "/version") return HttpResponse::json(200, version_json(metrics_service));
  if (path != "/metrics")
    return HttpResponse::text(404, "Not found: this port has /metrics, /health and /version");
  const std::lock_guard lock(mutex_);
  HttpResponse response =
      HttpResponse::text(200, metrics_.render({connected_, lost_}, shard_.now()));
  response.content_type = std::string(metrics_content_type);
  return response;
}

}  // namespace parley
