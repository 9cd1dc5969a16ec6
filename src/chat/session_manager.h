#pragma once
// SessionManager: who may begin a session, and what he is told of its meeting.

#include <optional>
#include <string>

#include "chat/session_store.h"

namespace parley {

/// Why somebody may not come in.
struct SessionRefusal {
  /// For the client, behind "Session rejected: ".
  std::string reason;
  /// What the store said, for the log; nothing when the store was not asked.
  std::optional<StoreError> cause;
};

inline constexpr const char* reserved_user_id = "Cannot use reserved system user ID";
/// Said to whoever comes while the record cannot be written. What is wrong with it is nobody's
/// business outside.
inline constexpr const char* store_unavailable =
    "The meeting cannot be recorded at the moment; try again soon";

/// The rules above the store. Meeting management fails closed: what cannot be recorded does not
/// begin. Without a store it is off, and nothing is refused or recorded.
class SessionManager {
 public:
  /// `store` may be null: meeting management is off.
  explicit SessionManager(SessionStore* store) : store_(store) {}

  /// Without a store everybody is the first, and the creator of a meeting that begins now.
  [[nodiscard]] Result<Started, SessionRefusal> start(const SessionStart& start) const;
  /// Without a store every meeting continues.
  [[nodiscard]] StoreResult<Ended> end(const SessionEnd& end) const;

 private:
  SessionStore* store_;
};

}  // namespace parley
