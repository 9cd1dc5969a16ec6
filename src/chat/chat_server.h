#pragma once
// ChatServer: the rooms of one shard. It has a slice of every room that has members here, and the
// truth (RoomHome) of every room whose home this shard is.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "base/ids.h"
#include "base/time.h"
#include "chat/bus.h"
#include "chat/membership.h"
#include "chat/participant.h"
#include "chat/room.h"
#include "chat/room_home.h"
#include "chat/shard_stats.h"

namespace parley {

/// The actor that routes packets; one per shard, and no thread, socket or clock in it. Notes it
/// gives itself run after the call that caused them, so nothing changes under a running handler.
class ChatServer final : private NoteSender {
 public:
  ChatServer(ShardIndex self, Bus& bus, ShardStats& stats, RoomHome::RandomId random_id,
             const RoomSurroundings& around = {});
  ~ChatServer();

  /// Asks to join; `participant` is told on_welcome, at once when this shard is the room's home.
  /// The participant must outlive the Membership.
  [[nodiscard]] Membership join(const Identity& identity, const std::optional<ResumeKey>& resume,
                                Participant& participant, Now now);

  /// A note from another shard.
  void handle(Note note, Now now);
  /// A participant's packet from another shard.
  void handle(const RoomPacket& packet, Now now);

  // From other servers, for rooms whose home is here.

  void handle(FleetPacket packet, Now now);
  void handle(const FleetSaying& saying, Now now);
  void on_nobody_answers(const RoomId& room, Now now);
  void on_server_silent(InstanceId server, Now now);
  void on_fleet_reconnected(Now now);
  /// The process ends: other servers see to what is left here.
  void leave_fleet(Now now);

  /// When on_deadline() next has something to do.
  [[nodiscard]] TimePoint deadline() const;
  void on_deadline(Now now);

  [[nodiscard]] std::size_t members() const { return members_.size(); }
  [[nodiscard]] std::size_t rooms() const { return rooms_.size(); }
  /// Rooms whose truth this shard keeps.
  [[nodiscard]] std::size_t homes() const { return homes_.size(); }

 private:
  friend class Membership;
  /// A connection that has asked to join; `room` is set once it is welcome.
  struct Member {
    Participant* participant;
    RoomName room_name;
    Room* room = nullptr;
    Role role = Role::participant;
    std::shared_ptr<Transit> transit;   ///< to other shards
    std::shared_ptr<Transit> to_fleet;  ///< to other servers, if there are any
  };

  void activate(ConnectionId connection, Now now);
  [[nodiscard]] bool publish(ConnectionId connection, const Packet& packet, Now now);
  void send_to(ShardSet shards, const RoomPacket& packet);
  void spread(const RoomHome& home, const RoomName& name, const Packet& packet, Now now);
  void route(ConnectionId connection, const Packet& packet, std::string_view user_id,
             SessionId session, Now now);
  void leave(ConnectionId connection, Now now);

  void tell(ShardIndex to, Note note) override;
  void tell_home(const RoomId& room, Note note);
  void run_own_notes();

  void on(JoinNote& note);
  void on(ActivateNote& note);
  void on(GoneNote& note);
  void on(RouteNote& note);
  void on(RecordedNote& note);
  void on(EndedNote& note);
  void on(WelcomeNote& note);
  void on(StandingNote& note);
  void on(RemoveNote& note);
  void on(ReachNote& note);
  void on(DeliverNote& note);
  void on(GoOnNote& note);

  Member* find(ConnectionId connection);
  void detach(ConnectionId connection, const Member& member);
  using Deadlines = std::multimap<TimePoint, RoomId>;
  /// A room's truth, and its place in `deadlines_` while it has one.
  struct Home {
    RoomHome home;
    std::optional<Deadlines::iterator> scheduled;
  };
  using Homes = std::unordered_map<RoomId, Home>;
  template <class Act>
  void at_home(const RoomId& room, Act act);
  template <class Act>
  void at_all_homes(Act act);
  void after_home_change(Homes::iterator place);
  void schedule(Homes::iterator place, TimePoint deadline);

  const ShardIndex self_;
  Bus& bus_;
  ShardStats& stats_;
  RoomHome::RandomId random_id_;
  const RoomSurroundings around_;
  Now now_{};  ///< of the call that runs
  std::uint64_t connections_made_ = 0;
  std::unordered_map<ConnectionId, Member> members_;
  std::unordered_map<RoomId, std::unique_ptr<Room>> rooms_;
  Homes homes_;
  Deadlines deadlines_;  ///< of homes, at most one each
  std::deque<Note> own_notes_;
  bool running_ = false;
};

}  // namespace parley
