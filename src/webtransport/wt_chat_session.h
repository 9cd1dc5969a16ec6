#pragma once
// WtChatSession: the actor of one WebTransport session. It moves packets between the session and
// SessionLogic, which does the thinking.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actor/chat_session.h"
#include "webtransport/web_transport_bridge.h"
#include "webtransport/wt_session.h"

namespace parley {

class WtSessions;

/// Started → joined → messages → closing → ended. Owned by the HTTP/3 connection it came by.
class WtChatSession final : public ChatSession, public WtSessionEvents {
 public:
  WtChatSession(WtSessions& owner, WtSession& session, Identity identity);
  ~WtChatSession() override;

  void start(const std::optional<ResumeKey>& resume, Now now);

  // SessionTransport
  void wake() override;
  void resume_reading() override;

  // WtSessionEvents
  void on_message(WtInbound inbound, Now now) override;
  void on_sign_of_life(Now now) override;
  bool pull(Urgency than, Now now) override;
  void on_flushed(bool accepted, bool blocked, Now now) override;
  void on_stream_over(StreamId stream, Now now) override;
  void on_closed(const WtClose& close, Now now) override;

 private:
  void on_ending(EndReason reason, std::string_view text, Now now) override;
  [[nodiscard]] TimePoint alarm_time(Now now) const override;
  void on_alarm(Now now) override;

  WtSessions& owner_;
  WtSession& session_;
  WebTransportBridge bridge_;
  bool is_closed_ = false;
};

}  // namespace parley
