#pragma once
// FleetMessage: what the servers of one fleet tell each other. On the bus it is one protobuf
// message (proto/fleet.proto); servers that do not know the subject ignore it.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"

namespace parley {

/// Where servers speak about a room; the room's name follows.
inline constexpr std::string_view presence_subject = "parley.presence.";
/// Where they say that they live.
inline constexpr std::string_view servers_subject = "parley.servers";

/// More servers than this are no fleet, but somebody who pretends.
inline constexpr std::size_t fleet_servers_max = 1000;

/// No server says more at once; a broker may be set to take no more than 64 KB.
inline constexpr std::size_t fleet_message_bytes_max = 32 * 1024;
/// What the sessions of one roster may have of that; the rest is for the others' numbers.
inline constexpr std::size_t roster_sessions_bytes_max = 20 * 1024;

/// A process of the fleet: random, new with each start. Zero is nobody.
struct InstanceId {
  std::uint64_t value = 0;
  friend auto operator<=>(InstanceId, InstanceId) = default;
  explicit operator bool() const { return value != 0; }
};

enum class FleetState : std::uint8_t { testing = 1, active = 2, departing = 3 };

/// A session as the server tells it that holds its connection or its departure.
struct FleetSession {
  SessionId session;
  std::string user_id;
  std::string display_name;
  FleetState state = FleetState::testing;
  Millis departing_for{};
  std::optional<ResumeKey> resume;
  bool is_unannounced = false;  ///< no more testing, and the room has not been told of it yet
};

/// When a meeting began, and by whom; of a server that asks, what it would say if nobody answered.
struct FleetMeeting {
  UnixMillis start;
  std::string creator_id;
  InstanceId claimant;

  /// The earlier claim counts; of two at the same time, the smaller server's.
  [[nodiscard]] bool is_before(const FleetMeeting& other) const {
    return start != other.start ? start < other.start : claimant < other.claimant;
  }
};

namespace fleet {

/// All that the speaker holds of the room, or a part of it: of its sessions, those after one number
/// and through another. What it held of these and is not in here, it holds no more. Each part is
/// true by itself, so one that is lost only leaves its share as it was known before.
/// What the speaker has asked for it may hold without having heard so yet: `wanted` lists that.
struct Roster {
  bool is_question = false;  ///< the others are asked to say the same; only in the last part
  std::optional<FleetMeeting> meeting;
  std::vector<FleetSession> sessions;
  std::vector<InstanceId> others;  ///< who else has the room, as far as the speaker knows
  SessionId after{}, through = last_session;
  std::vector<SessionId> wanted{};

  static constexpr SessionId last_session{~std::uint64_t{0}};
  [[nodiscard]] bool covers(SessionId session) const {
    return after < session && session <= through;
  }
  [[nodiscard]] bool is_last_part() const { return through == last_session; }
  [[nodiscard]] bool is_whole() const { return !after && is_last_part(); }
};
struct Changed {
  FleetSession session;
};
/// The session is gone, and nobody is to be told.
struct Removed {
  SessionId session;
};
/// The speaker has nobody in the room any more; its departures are the others'.
struct Left {};
/// A session of the speaker's came while this one of the same user departs, as far as it knows. The
/// server `asked`, whose the departure is, answers with Succeeded or Denied.
struct Claims {
  SessionId departed, successor;
  InstanceId asked;
};
/// The departure is over, and nobody is to be told.
struct Succeeded {
  SessionId departed, successor;
};
/// There is nothing to succeed: the newcomer is to be announced like any other.
struct Denied {
  SessionId departed, successor;
};
/// A client of the speaker resumes this session.
struct Wanted {
  SessionId session;
};
/// The session is that server's from now on.
struct Given {
  SessionId session;
  InstanceId to;
  FleetState state = FleetState::active;
};
/// A CONGESTION packet for one session.
struct Congestion {
  SessionId session;
  std::vector<std::uint8_t> packet;
};
/// The speaker lives. On servers_subject.
struct Alive {
  bool is_question = false;  ///< it has just come: the others are asked to say the same
};

using What = std::variant<Roster, Changed, Removed, Left, Claims, Succeeded, Denied, Wanted, Given,
                          Congestion, Alive>;

}  // namespace fleet

struct FleetMessage {
  InstanceId from;
  fleet::What what;
};

/// The roster as it may be said: cut so that the sessions of each part need no more than
/// `sessions_bytes_max`, or are a single one. What fits stays whole.
std::vector<fleet::Roster> in_parts(fleet::Roster roster,
                                    std::size_t sessions_bytes_max = roster_sessions_bytes_max);

std::vector<std::uint8_t> encode(const FleetMessage& message);
/// Nothing if the bytes are no such message, more than a server says at once, or say what cannot be
/// (an empty or overlong name, a session or server of number zero, an unknown state, a session that
/// belongs into another part).
std::optional<FleetMessage> decode_fleet_message(Bytes bytes);

}  // namespace parley
