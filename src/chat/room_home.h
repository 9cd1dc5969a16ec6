#pragma once
// RoomHome: the truth about one room, over all shards of the process: who is in it, since when, and
// who may resume which session. Lives on the room's home shard.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "chat/bus.h"
#include "chat/presence.h"

namespace parley {

/// How a RoomHome speaks to the shards. `tell` must not call back into the RoomHome.
class NoteSender {
 public:
  virtual void tell(ShardIndex to, Note note) = 0;

 protected:
  ~NoteSender() = default;
};

class RoomHome {
 public:
  using RandomId = std::function<std::uint64_t()>;

  RoomHome(RoomId name, NoteSender& sender, RandomId random_id);

  void join(const JoinNote& note, Now now);
  void activate(ConnectionAt from);
  void gone(ConnectionAt from, Now now);
  void route(const RouteNote& note);

  [[nodiscard]] TimePoint deadline() const { return presence_.deadline(); }
  void on_deadline(Now now);

  /// True when nobody is here, waits or departs, and every connection that ever joined has said
  /// that it is gone (one that was sent away says so later than its session ends): the room may be
  /// forgotten.
  [[nodiscard]] bool empty() const { return sessions_.empty() && shards_ == 0; }

 private:
  struct Connection {
    ConnectionAt at;
    TimePoint welcomed_at;
  };
  /// A session: a participant's as long as the presence table has it, an observer's as long as its
  /// connection lives.
  struct Session {
    SessionId id;
    Identity identity;
    std::optional<ResumeKey> resume;
    std::optional<Connection> connection;  ///< none while departing
    std::optional<Connection> waiting;     ///< resumes, and takes over at its first packet
    bool taking_over = false;              ///< `connection` has been told to go
    Packet joined;                         ///< the JOINED that announces it
  };
  struct Meeting {
    UnixMillis start;
    std::string creator;
  };

  Session* find_resumable(const JoinNote& note);
  Session* find(SessionId id);
  Session* find_by(ConnectionAt at);
  SessionId new_id();

  void join_anew(const JoinNote& note, Now now);
  void resume(Session& session, const JoinNote& note, Now now);
  void send_away(const Connection& connection);
  void take_over(Session& session);
  void welcome(const Session& session, ConnectionAt to, Standing standing, Now now);
  void start_meeting(const Identity& creator, Now now);
  void announce(const std::vector<Announcement>& announcements);
  void forget_departed();
  void add_connection(ShardIndex shard);
  void remove_connection(ShardIndex shard);
  void tell_everybody(const Packet& packet, ConnectionId except = {});
  [[nodiscard]] Standing standing_of(const Session& session) const;

  RoomName name_;
  NoteSender& sender_;
  RandomId random_id_;
  std::vector<Session> sessions_;
  PresenceTable presence_;
  std::optional<Meeting> meeting_;
  std::vector<std::uint32_t> connections_on_;  // by shard
  ShardSet shards_ = 0;
};

}  // namespace parley
