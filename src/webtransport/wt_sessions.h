#pragma once
// WtSessions: the WebTransport sessions of one shard.

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_set>

#include "actor/shard.h"
#include "chat/chat_server.h"
#include "chat/session_logic.h"
#include "webtransport/wt_session.h"

namespace parley {

class WtChatSession;

struct WtRules {
  SessionSettings session;
};

/// Knows the sessions of its shard, which their connections own, and what they share. For the
/// shard's thread.
class WtSessions {
 public:
  WtSessions(Shard& shard, ChatServer& chat, const WtRules& rules)
      : shard_(shard), chat_(chat), rules_(rules) {}
  WtSessions(const WtSessions&) = delete;
  WtSessions& operator=(const WtSessions&) = delete;

  /// The actor of a session that has just been accepted.
  [[nodiscard]] std::unique_ptr<WtSessionEvents> add(WtSession& session, Identity identity,
                                                     const std::optional<ResumeKey>& resume,
                                                     Now now);
  /// Ends up to `count` sessions because the server shuts down.
  void drain(std::size_t count);
  /// Those that have not begun to end.
  [[nodiscard]] std::size_t open() const;

 private:
  friend class WtChatSession;

  Shard& shard_;
  ChatServer& chat_;
  const WtRules rules_;
  std::unordered_set<WtChatSession*> sessions_;
};

}  // namespace parley
