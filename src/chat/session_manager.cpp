#include "chat/session_manager.h"

#include <utility>

namespace parley {

Result<Started, SessionRefusal> SessionManager::start(const SessionStart& start) const {
  if (start.user_id == system_user_id)
    return tl::unexpected(SessionRefusal{reserved_user_id, std::nullopt});
  if (store_ == nullptr) return Started{true, start.now, start.user_id};
  auto started = store_->start(start);
  if (!started)
    return tl::unexpected(SessionRefusal{store_unavailable, std::move(started.error())});
  return std::move(*started);
}

StoreResult<Ended> SessionManager::end(const SessionEnd& end) const {
  if (store_ == nullptr || end.user_id == system_user_id) return Ended{};
  return store_->end(end);
}

}  // namespace parley
