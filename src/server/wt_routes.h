#pragma once
// WtRoutes: what the QUIC port answers.

#include <memory>
#include <string>
#include <string_view>

#include "quic/quic_endpoint.h"
#include "server/entrance.h"
#include "server/health.h"
#include "webtransport/http3_connection.h"
#include "webtransport/http3_handler.h"
#include "webtransport/wt_sessions.h"

namespace parley {

/// The routes of one shard:
///
/// | request                           | answer                                                 |
/// |-----------------------------------|--------------------------------------------------------|
/// | CONNECT `/lobby?token=`           | a WebTransport session, or why not                     |
/// | CONNECT `/lobby/<user>/<room>`    | the same without a token, where that is allowed        |
/// | GET `/healthz`, `/readyz`, `/version` | as on the TCP port                                 |
/// | GET `/`                           | a line that says what this port is                     |
class WtRoutes final : public QuicAcceptor, public Http3Handler {
 public:
  WtRoutes(WtSessions& sessions, Entrance& entrance, RefusalCounts& refusals, const Health& health,
           const Http3Rules& rules, PartialBudget& partial)
      : sessions_(sessions),
        entrance_(entrance),
        refusals_(refusals),
        health_(health),
        rules_(rules),
        partial_(partial) {}

  std::unique_ptr<QuicProtocol> accept(QuicConnection& connection, Now now) override;
  Http3Response handle(const Http3Request& request, Now now) override;
  std::unique_ptr<WtSessionEvents> connect(const Http3Request& request, WtSession& session,
                                           Http3Response& refusal, Now now) override;
  void on_refused(std::string_view reason) override { refusals_.count(reason); }

  [[nodiscard]] const WtStats& stats() const { return stats_; }

 private:
  WtSessions& sessions_;
  Entrance& entrance_;
  RefusalCounts& refusals_;
  const Health& health_;
  const Http3Rules rules_;
  PartialBudget& partial_;
  WtStats stats_;
};

}  // namespace parley
