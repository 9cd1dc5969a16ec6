#pragma once
// RoomHome: the truth about one room, over all shards of the process: who is in it, since when, and
// who may resume which session. Lives on the room's home shard. With other servers it keeps what
// they say of their sessions beside ours (room_home_fleet.cpp).

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "chat/bus.h"
#include "chat/fleet.h"
#include "chat/presence.h"
#include "chat/room_record.h"
#include "wire/notices.h"

namespace parley {

/// How a RoomHome speaks to the shards. `tell` must not call back into the RoomHome.
class NoteSender {
 public:
  virtual void tell(ShardIndex to, Note note) = 0;

 protected:
  ~NoteSender() = default;
};

/// What becomes of a packet from another server.
enum class Passage : std::uint8_t { everybody, done, forged, malformed };

/// What there is beside this process's rooms.
struct RoomSurroundings {
  Fleet* fleet = nullptr;           ///< null when there are no other servers
  MeetingRecord* record = nullptr;  ///< null when meetings have no hosts and are not recorded
  /// A meeting that its host has ended sends everybody away, too.
  bool ended_meetings_close = false;
};

class RoomHome {
 public:
  using RandomId = std::function<std::uint64_t()>;
  /// How long the first to join waits for what other servers know of the room.
  static constexpr Duration question_time = 100ms;
  /// A member on a server that does not speak our language lives as long as packets come.
  static constexpr Duration stranger_silence_max = 15s;

  RoomHome(RoomId name, NoteSender& sender, RandomId random_id,
           const RoomSurroundings& around = {});

  void join(const JoinNote& note, Now now);
  void activate(ConnectionAt from, Now now);
  void gone(ConnectionAt from, Now now);
  void route(const RouteNote& note);

  // What the record of meetings says.

  void on_recorded(const RecordedNote& note, Now now);
  void on_ended(const EndedNote& note, Now now);

  /// A packet from another server; its facts are completed. What is for some only is delivered.
  Passage on_packet(FleetPacket& packet, Now now);
  void on_saying(const FleetMessage& message, Now now);
  /// That server has not been heard for too long: what is left of its sessions departs.
  void on_silent(InstanceId server, Now now);
  /// The bus says that no other server listens.
  void on_nobody_answers(Now now);
  /// Other servers can be heard again: all say what they have.
  void on_reconnected(Now now);
  /// Before it is forgotten: nobody is here any more.
  void close();

  [[nodiscard]] TimePoint deadline() const;
  void on_deadline(Now now);

  /// True when nobody is here, waits or departs, nothing is expected of the record, and every
  /// connection that ever joined has said that it is gone (one that was sent away says so later
  /// than its session ends): the room may be forgotten.
  [[nodiscard]] bool empty() const;
  /// The shards with members.
  [[nodiscard]] ShardSet shards() const { return shards_; }

 private:
  struct Connection {
    ConnectionAt at;
    TimePoint welcomed_at;
    bool takes_over = false;  ///< of one that waits: it has spoken, so the one before has to go
  };
  /// A session: a participant's as long as the presence table has it, an observer's as long as its
  /// connection lives.
  struct Session {
    SessionId id;
    Identity identity;
    std::optional<ResumeKey> resume;
    std::optional<Connection> connection;  ///< none while departing, or when it is not ours
    std::optional<Connection> waiting;     ///< resumes, and takes over at its first packet
    Packet joined;                         ///< the JOINED that announces it
    InstanceId server{};                   ///< that holds it; none when it is ours
    bool is_inherited = false;             ///< its server is silent; if it lives, it has it again
    InstanceId wanted_by{};                ///< gets it when `connection` has gone
    bool is_wanted = false;                ///< we have asked its server for it, and not heard yet
    SessionId claims{};                    ///< the departure elsewhere that it would succeed

    [[nodiscard]] bool is_ours() const { return !server; }
  };
  /// Asked of the other servers; who joins meanwhile waits for what they say.
  struct Question {
    TimePoint until;
    bool is_known = false;  ///< one has answered that did not ask itself
    std::vector<InstanceId> answered, awaited;
    std::vector<JoinNote> waiting;
  };
  /// Somebody whose packets come from another server.
  struct Sender {
    TimePoint heard_at;
    bool video_keyframe_seen = false, screen_keyframe_seen = false;
  };
  static constexpr std::size_t senders_max = 10'000;
  /// Stands for all servers that do not speak our language.
  static constexpr InstanceId strange_server{~std::uint64_t{0}};
  static constexpr Duration sweep_period = 5s;

  void let_in(const JoinNote& note, Now now);
  void admit(const JoinNote& note, Now now);
  Session* find_resumable(const JoinNote& note);
  Session* find(SessionId id);
  Session* find_by(ConnectionAt at);
  SessionId new_id();

  void join_anew(const JoinNote& note, Now now);
  void resume(Session& session, const JoinNote& note, Now now);
  void send_away(const Connection& connection);
  void pass_on(Session& session);
  void depart(Session& session);
  void take_over(Session& session);
  void welcome(const Session& session, ConnectionAt to, Standing standing, Now now);
  void start_meeting(const Identity& creator, Now now);
  void announce(const std::vector<Announcement>& announcements);
  void forget_departed();
  void add_connection(ShardIndex shard);
  void remove_connection(ShardIndex shard);
  void tell_everybody(const Packet& packet, ConnectionId except = {});
  void tell_late_joiners(const Session& session, TimePoint since);
  [[nodiscard]] Standing standing_of(const Session& session) const;
  void tell_reach(ShardSet to);
  [[nodiscard]] Reach reach() const;

  // The record.
  [[nodiscard]] bool must_be_recorded(const JoinNote& note);
  void refuse(ConnectionAt from, const SessionRefusal& refusal);
  void settle_record();
  void end_meeting(const Packet& notice);

  // What is said to other servers, if there are any.
  void ask(const JoinNote& note);
  void answer_question();
  void check_question();
  void say(fleet::What what);
  void say_roster(bool is_question);
  void say_changed(const Session& session);
  void publish(const Packet& notice);
  [[nodiscard]] FleetSession fleet_session(const Session& session) const;

  // What they say.
  void hear(InstanceId from, const fleet::Roster& roster);
  void hear(InstanceId from, const fleet::Changed& changed);
  void hear(InstanceId from, const fleet::Removed& removed);
  void hear(InstanceId from, const fleet::Left& left);
  void hear(InstanceId from, const fleet::Claims& claims);
  void hear(InstanceId from, const fleet::Succeeded& succeeded);
  void hear(InstanceId from, const fleet::Denied& denied);
  void hear(InstanceId from, const fleet::Wanted& wanted);
  void hear(InstanceId from, const fleet::Given& given);
  void hear(InstanceId from, const fleet::Congestion& congestion);
  void hear(InstanceId from, const fleet::Alive& alive);
  void hear_meeting(const FleetMeeting& meeting);
  void hear_session(InstanceId server, const FleetSession& said, Packet joined);
  Passage hear_notice(FleetPacket& packet);
  void hear_joined(const MeetingEvent& event, Packet joined);
  bool note_sender(PacketFacts& facts);
  void deliver_congestion(SessionId to, const Packet& packet);

  // Whose a session is.
  [[nodiscard]] bool knows_others() const;
  void note_server(InstanceId server);
  void forget_server(InstanceId server);
  void note_state(const Session& session, Presence state, TimePoint departing_since,
                  bool is_unannounced = false);
  void inherit(Session& session);
  void give(Session& session, InstanceId to);
  void get(Session& session, FleetState state);
  void lose(SessionId id, bool is_announced);
  void want(Session& session);
  void claim(Session& session, SessionId departed);
  void settle_claims(SessionId departed, SessionId successor = {});
  void sweep();

  RoomName name_;
  NoteSender& sender_;
  RandomId random_id_;
  std::vector<Session> sessions_;
  PresenceTable presence_;
  std::optional<FleetMeeting> meeting_;
  std::vector<std::uint32_t> connections_on_;  // by shard
  ShardSet shards_ = 0;

  std::optional<RoomRecord> record_;  ///< none when meetings are not recorded
  const bool ended_meetings_close_;

  Fleet* const fleet_;
  /// The servers that have the room, without us; the bus lets no more than fleet_servers_max speak.
  std::vector<InstanceId> others_;
  std::optional<Question> question_;
  std::unordered_map<SessionId, Sender> senders_;
  TimePoint next_sweep_ = never;
  Now now_{};  ///< of the call that runs
  bool has_entered_ = false;
};

}  // namespace parley
