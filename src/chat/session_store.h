#pragma once
// SessionStore: the record of meetings and of who takes part in them, as a store thread asks for
// it.

#include <cstdint>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace parley {

/// Why the store did not do what it was asked.
struct StoreError {
  enum class Kind : std::uint8_t {
    unavailable,  ///< nothing was written; the store is away, full, read-only, too slow, …
    in_doubt,     ///< so is this one, but its last word is missing: it may have been written
    refused,      ///< the store works, and takes no such request
  };
  Kind kind = Kind::unavailable;
  std::string message;  ///< for the log and the operator; holds no password
};

template <class T>
using StoreResult = Result<T, StoreError>;

/// A participant has come. `instance` names the process that has him.
struct SessionStart {
  RoomId room;
  std::string user_id;
  std::string instance;
  bool is_host = false;  ///< his token says so
  UnixMillis now;
};

struct Started {
  bool is_first = true;  ///< he is the only one there
  UnixMillis started_at;
  std::string creator_id;
};

/// A participant has left: no session of his is testing, active or departing.
struct SessionEnd {
  RoomId room;
  std::string user_id;
  std::string instance;
  /// He is in no other process either, as far as the bus tells. False while the bus is down: then
  /// a process that has him, too, keeps him in.
  bool everywhere = true;
  UnixMillis now;
};

enum class Ending : std::uint8_t { continues, last_left, host_ended };

struct Ended {
  Ending ending = Ending::continues;
  std::uint64_t remaining = 0;  ///< who else is there, or was when the host ended it
};

/// How often each process says that it lives (renew).
inline constexpr Millis instance_renewal = 10s;
/// How long a participant whose process is gone counts as present: time for the process to start
/// again, or for him to come back through another.
inline constexpr Millis lost_instance_grace = 120s;
/// How long somebody counts of whom no process says that he is its own. Only the original's servers
/// leave such rows.
inline constexpr Millis unheld_grace = std::chrono::hours(24);

/// The record. Blocking, for the thread that owns it, one object for each connection. Each call is
/// one transaction; two at once on one room, of whichever processes, happen one after the other.
///
/// **Meeting.** Who comes into a room without a running meeting begins one, and is its creator. One
/// that runs keeps its beginning and creator over restarts of the servers. `ended_at` is never
/// before `started_at`, whatever the clock does.
///
/// **Host** of a running meeting is everybody who came to it with a token that says so; the creator
/// if there was nobody of that kind. The meeting ends for all when the last host who is there
/// leaves and others remain: with two hosts, one may go.
///
/// **Presence.** There is one participant for each user, held by each process that has him; he has
/// left when none holds him. A process that dies without a word holds nobody any more after
/// `lost_instance_grace`: those it had are marked as having left when it was last seen, and a
/// meeting in which nobody is left ends then, silently: a host who was lost that way ends it for
/// nobody. (Another process that has the room ends his session long before that.) A process that
/// stops in order while clients are to come back to it, or to another, does best to say nothing
/// either. One that is cut off from the store for longer than that has lost its participants in the
/// record; its rooms go on. The record decides nobody's presence in a room.
class SessionStore {
 public:
  SessionStore() = default;
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;
  virtual ~SessionStore() = default;

  /// May be said again of somebody who is there, and must be when one of his sessions is a host's
  /// and those before were not.
  [[nodiscard]] virtual StoreResult<Started> start(const SessionStart& start) = 0;
  /// May be said again, and of somebody who never came: then nothing happens, and it continues.
  [[nodiscard]] virtual StoreResult<Ended> end(const SessionEnd& end) = 0;
  /// Takes back a start that was in doubt, if it was the one that brought him. He never was there:
  /// a meeting ends only if nobody else is in it.
  [[nodiscard]] virtual StoreResult<void> withdraw(const SessionStart& start) = 0;
  /// `instance` lives. Also clears up after those that do not.
  [[nodiscard]] virtual StoreResult<void> renew(const std::string& instance, UnixMillis now) = 0;
};

}  // namespace parley
