#pragma once
// WsSessions: the WebSocket sessions of one shard.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actor/partial_budget.h"
#include "actor/shard.h"
#include "chat/chat_server.h"
#include "chat/session_logic.h"
#include "http/http_upgrade.h"
#include "websocket/frame_decoder.h"

namespace parley {

class WsChatSession;

struct WsRules {
  SessionSettings session;
  /// A client from which nothing came for this long is sent a ping.
  Duration ping_after = 5s;
  /// TCP_NOTSENT_LOWAT: what waits beyond this waits in the Outbox, where it ages, and not in the
  /// kernel. 0 leaves the system's own.
  std::size_t notsent_lowat = 64 * 1024;
  /// After a Close or a refusal, how long input is discarded before the connection is cut.
  Duration linger = 2s;
};

/// Owns the sessions of its shard and what they share. For the shard's thread.
class WsSessions {
 public:
  /// All of them outlive it.
  WsSessions(Shard& shard, ChatServer& chat, PartialBudget& partial, const WsRules& rules);
  ~WsSessions();
  WsSessions(const WsSessions&) = delete;
  WsSessions& operator=(const WsSessions&) = delete;

  /// Takes over a socket whose handshake is accepted; `answer` is the head that says so.
  void add(UpgradedSocket upgraded, std::string_view answer, Identity identity,
           const std::optional<ResumeKey>& resume, std::string remote_address);

  /// Ends up to `count` sessions because the server shuts down.
  void drain(std::size_t count);

  /// Those that have not begun to end.
  [[nodiscard]] std::size_t open() const;

 private:
  friend class WsChatSession;
  void remove(WsChatSession& session);

  Shard& shard_;
  ChatServer& chat_;
  const WsRules rules_;
  const FrameLimits limits_;
  PartialBudget& partial_;
  std::unordered_map<WsChatSession*, std::shared_ptr<WsChatSession>> sessions_;
  /// Scratch of one write: the packets offered to the socket.
  std::vector<Outbox::Entry> offered_;
};

}  // namespace parley
