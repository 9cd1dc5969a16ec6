#pragma once
// ShardUnit: one shard and everything that lives on it.

#include <memory>
#include <string>
#include <thread>

#include "actor/partial_budget.h"
#include "actor/shard.h"
#include "bus/local_bus.h"
#include "chat/chat_server.h"
#include "chat/health_processor.h"
#include "chat/server_diagnostics.h"
#include "http/http_connections.h"
#include "server/entrance.h"
#include "server/routes.h"
#include "server/webtransport_cells.h"
#include "server/wt_routes.h"
#include "stats/refusal_counts.h"
#include "websocket/ws_sessions.h"
#include "webtransport/wt_sessions.h"

namespace parley {

/// What every shard is built with.
struct ShardRules {
  WsRules websocket;
  WtRules webtransport;
  Http3Rules http3;
  HttpRules http;
  /// Who is told how its sessions fare, if anybody is.
  struct Diagnostics {
    DiagnosticsSink* sink = nullptr;
    RecentConnections* recent = nullptr;
    DiagnosticsRules connections;
    ServerPlace health;
  } diagnostics;
  /// What there is beside the rooms.
  RoomSurroundings around;
  /// For long messages that are not whole yet, of all sessions of the shard.
  PartialBudget::Rules partial;
  std::size_t mailbox_bytes = Mailbox::media_bytes_max_default;
};

class ShardUnit final : private Timed {
 public:
  ShardUnit(ShardIndex index, LocalBus& bus, const ShardRules& rules, const RouteRules& routes,
            const Health& health, const Census& census);
  ~ShardUnit();

  /// Runs the shard on a thread of its own until stop().
  void start();
  void stop();

  /// Takes over an accepted socket. Any thread.
  void add(AcceptedSocket accepted);
  /// Takes WebTransport sessions on a UDP socket of this shard. Before start().
  void open_webtransport(int native_socket, std::size_t shards, const QuicRules& rules,
                         const QuicSecrets& secrets, const QuicTls& tls);
  /// What its WebTransport counts. After open_webtransport().
  [[nodiscard]] std::vector<NamedCell> webtransport_cells() const {
    return parley::webtransport_cells(quic_->stats(), wt_routes_.stats());
  }
  /// Ends all sessions, spread evenly over `time`, and refuses new ones. Any thread.
  void drain(Duration time);

  Shard& shard() { return shard_; }
  ChatServer& chat() { return chat_; }
  const RefusalCounts& refusals() const { return refusals_; }
  /// Null without diagnostics.
  const HealthProcessor* health() const { return health_.get(); }
  /// Connections it has, those on their way included. For the thread that adds.
  [[nodiscard]] std::size_t load() const;

 private:
  void begin_drain(TimePoint until);
  void on_deadline(Now now) override;

  Shard shard_;
  ChatServer chat_;
  std::unique_ptr<ServerDiagnostics> diagnostics_;  ///< null when nobody is told
  std::unique_ptr<HealthProcessor> health_;
  struct Driven {
    ChatServer& chat;
    ServerDiagnostics* diagnostics;

    [[nodiscard]] TimePoint deadline() const;
    void on_deadline(Now now);
  } driven_;
  RefusalCounts refusals_;
  Entrance entrance_;
  PartialBudget partial_;
  WsSessions sessions_;
  Routes routes_;
  WtSessions wt_sessions_;
  WtRoutes wt_routes_;
  std::unique_ptr<QuicEndpoint> quic_;  ///< null without WebTransport
  HttpConnections connections_;
  Shard::Alarm drain_alarm_;
  TimePoint drain_until_ = never;
  std::uint64_t given_ = 0;  ///< sockets handed to this shard, by the accepting thread
  Cell taken_;               ///< of those, how many have arrived
  std::thread thread_;
};

}  // namespace parley
