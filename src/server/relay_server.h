#pragma once
// RelayServer: builds all parts in order, joins them, runs them, and takes them down again.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bus/local_bus.h"
#include "bus/nats_bus.h"
#include "http/http_connections.h"
#include "http/http_listener.h"
#include "http/tls_context.h"
#include "quic/quic_endpoint.h"
#include "server/admission.h"
#include "server/certificate_store.h"
#include "server/config.h"
#include "server/meeting_recorder.h"
#include "server/ops_routes.h"
#include "server/shard_unit.h"

namespace parley {

class RelayServer {
 public:
  /// Opens the ports and builds everything; nothing runs yet.
  [[nodiscard]] static Result<std::unique_ptr<RelayServer>> load(const Config& config);
  ~RelayServer();

  /// Runs until SIGINT or SIGTERM, then drains; a second signal stops at once. Call once, from the
  /// main thread. The exit code of the process.
  int run();

  [[nodiscard]] std::uint16_t port() const { return listener_->port(); }
  /// 0 when there is no ops listener.
  [[nodiscard]] std::uint16_t ops_port() const {
    return ops_listener_ == nullptr ? 0 : ops_listener_->port();
  }
  /// UDP; 0 when WebTransport is off.
  [[nodiscard]] std::uint16_t webtransport_port() const { return udp_.port; }
  /// What joins the rooms' members: "local" or "nats".
  [[nodiscard]] std::string_view bus_name() const { return fleet_ == nullptr ? "local" : "nats"; }
  /// The database of the meetings, for people; "none" when they are not recorded.
  [[nodiscard]] std::string store_name() const {
    return recorder_ == nullptr ? "none" : recorder_->name();
  }
  [[nodiscard]] bool serves_page() const { return rules_.page.size() > 0; }

 private:
  RelayServer(const Config& config, std::unique_ptr<Database> database);
  [[nodiscard]] bool shows_certificate() const {
    return config_.webtransport.enabled || config_.tls.tcp;
  }
  Result<void> load_page();
  /// Reaches NATS, if there are to be other servers; may take two seconds.
  Result<void> open_bus();
  Result<void> open_ports();
  Result<void> open_ops_port();
  Result<void> open_certificate();
  Result<void> open_webtransport();
  /// Reloads or renews the certificate meanwhile. The signal that ends the process.
  int wait_for_end();
  void hand_over(int native_socket, std::string remote_address);
  void announce_ready() const;
  void drain();

  const Config config_;
  Health health_;
  Census census_;
  RouteRules rules_;
  CertificateStore certificates_;
  QuicTls tls_;
  TlsContext tcp_tls_;
  const QuicRules quic_rules_;
  const QuicSecrets quic_secrets_ = QuicSecrets::random();
  UdpSockets udp_;
  LocalBus bus_;
  std::unique_ptr<NatsBus> fleet_;             ///< null without NATS
  std::unique_ptr<MeetingRecorder> recorder_;  ///< null when meetings are not recorded
  RecentConnections recent_;
  Metrics metrics_;
  std::vector<std::unique_ptr<ShardUnit>> units_;
  std::unique_ptr<Admission> admission_;  // on shard 0
  OpsRoutes ops_routes_;
  std::unique_ptr<HttpConnections> ops_connections_;  // on shard 0
  std::unique_ptr<HttpListener> listener_, ops_listener_;
};

}  // namespace parley
