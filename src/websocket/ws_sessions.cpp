#include "websocket/ws_sessions.h"

#include <algorithm>
#include <utility>

#include "websocket/ws_chat_session.h"

namespace parley {

WsSessions::WsSessions(Shard& shard, ChatServer& chat, PartialBudget& partial, const WsRules& rules)
    : shard_(shard),
      chat_(chat),
      rules_(rules),
      limits_{.message_bytes_max = packet_bytes_max,
              .unasked_bytes_max = unasked_bytes_max,
              .headroom = packet_headroom,
              .tailroom = packet_stamp_bytes_max},
      partial_(partial) {}

WsSessions::~WsSessions() {
  for (const auto& [address, session] : std::exchange(sessions_, {})) session->abandon();
}

void WsSessions::add(UpgradedSocket upgraded, std::string_view answer, Identity identity,
                     const std::optional<ResumeKey>& resume, std::string remote_address) {
  const auto rest = std::move(upgraded.rest);
  auto session = std::make_shared<WsChatSession>(*this, std::move(upgraded), std::move(identity),
                                                 std::move(remote_address));
  sessions_.emplace(session.get(), session);
  session->start(answer, rest, resume);
}

void WsSessions::drain(std::size_t count) {
  std::vector<std::shared_ptr<WsChatSession>> chosen;
  for (const auto& [address, session] : sessions_) {
    if (chosen.size() == count) break;
    if (session->is_open()) chosen.push_back(session);
  }
  for (const auto& session : chosen) session->end(EndReason::draining, "server shutting down");
}

std::size_t WsSessions::open() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(sessions_, [](const auto& entry) { return entry.second->is_open(); }));
}

void WsSessions::remove(WsChatSession& session) {
  const auto place = sessions_.find(&session);
  if (place == sessions_.end()) return;
  shard_.destroy_later(std::move(place->second));
  sessions_.erase(place);
}

}  // namespace parley
