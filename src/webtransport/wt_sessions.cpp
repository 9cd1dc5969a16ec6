#include "webtransport/wt_sessions.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "webtransport/wt_chat_session.h"

namespace parley {

std::unique_ptr<WtSessionEvents> WtSessions::add(WtSession& session, Identity identity,
                                                 const std::optional<ResumeKey>& resume, Now now) {
  auto actor = std::make_unique<WtChatSession>(*this, session, std::move(identity));
  actor->start(resume, now);
  return actor;
}

void WtSessions::drain(std::size_t count) {
  std::vector<WtChatSession*> chosen;
  for (WtChatSession* session : sessions_) {
    if (chosen.size() == count) break;
    if (session->is_open()) chosen.push_back(session);
  }
  for (WtChatSession* session : chosen) session->end(EndReason::draining, "server shutting down");
}

std::size_t WtSessions::open() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sessions_, [](const WtChatSession* one) { return one->is_open(); }));
}

}  // namespace parley
