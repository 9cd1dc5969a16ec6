#pragma once
// MetricsServer: what `parley metrics` answers over HTTP, from what it hears on the bus.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "actor/shard.h"
#include "base/result.h"
#include "http/http_connections.h"
#include "http/http_handler.h"
#include "http/http_listener.h"
#include "stats/fleet_metrics.h"

namespace parley {

/// `/metrics`, and `/health`, which is `OK` while the process lives; `/version` says what was
/// built.
class MetricsServer final : private HttpHandler {
 public:
  /// Listens on `host`:`port` (0: any free one) and answers from now on.
  [[nodiscard]] static Result<std::unique_ptr<MetricsServer>> open(const std::string& host,
                                                                   std::uint16_t port);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  /// A message of health_subjects or connection_subjects. Any thread; waits while a page is made.
  void on_message(std::string_view subject, Bytes payload, Now now);
  /// Whether the bus can be heard. Any thread; does not wait.
  void set_connected(bool connected) { connected_ = connected; }
  /// So many messages in all did not get here. Any thread; does not wait.
  void set_lost(std::uint64_t messages) { lost_ = messages; }

  [[nodiscard]] std::uint16_t port() const { return listener_->port(); }

 private:
  MetricsServer();
  HttpResponse handle(const HttpRequest& request) override;
  std::optional<HttpResponse> upgrade(const HttpRequest& request, Upgrade&) override {
    return handle(request);
  }

  std::atomic<bool> connected_{false};
  std::atomic<std::uint64_t> lost_{0};
  std::mutex mutex_;
  FleetMetrics metrics_;  // under mutex_
  Shard shard_;
  HttpConnections connections_;             // on the shard
  std::unique_ptr<HttpListener> listener_;  // on the shard
  std::thread thread_;
};

}  // namespace parley
