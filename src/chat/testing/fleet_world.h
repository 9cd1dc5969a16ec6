#pragma once
// For tests: several servers on a broker that delivers when it is told to.

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "chat/testing/server_world.h"

namespace parley {

/// What NATS is to NatsBus: subjects by room, order kept, no echo, no message above its limit.
class HeldBroker {
 public:
  struct NobodyAnswers {
    RoomName room;
  };
  using Item = std::variant<FleetPacket, FleetSaying, NobodyAnswers>;

  /// One server's connection.
  class Port final : public Fleet {
   public:
    Port(HeldBroker& broker, InstanceId self) : broker_(broker), self_(self) {}

    [[nodiscard]] InstanceId self() const override { return self_; }
    [[nodiscard]] bool connected() const override { return is_connected; }
    [[nodiscard]] bool publishes_always() const override { return always; }
    void enter(const RoomName& room) override { rooms.insert(*room); }
    void leave(const RoomName& room) override { rooms.erase(*room); }
    void say(const RoomName& room, fleet::What what) override {
      broker_.say(*this, room, std::move(what));
    }
    bool publish(const RoomName& room, const Packet& packet,
                 const std::shared_ptr<Transit>& /*transit*/) override {
      ++published;
      return broker_.publish(*this, room, packet);
    }

    bool is_connected = true;
    bool always = true;
    std::set<RoomId> rooms;
    std::deque<Item> arriving;
    std::size_t published = 0;

   private:
    HeldBroker& broker_;
    const InstanceId self_;
  };

  Port& add(InstanceId self) { return *ports_.emplace_back(std::make_unique<Port>(*this, self)); }

  /// A packet of a server that is not ours.
  void publish_raw(const std::string& room, const std::string& wrapper, bool is_notice) {
    for (const auto& port : ports_)
      if (port->is_connected && port->rooms.contains({room}))
        port->arriving.emplace_back(
            packet_of(std::make_shared<const RoomId>(RoomId{room}), as_bytes(wrapper), is_notice));
  }
  void say_raw(const std::string& room, FleetMessage message) {
    for (const auto& port : ports_)
      if (port->is_connected && port->rooms.contains({room}))
        port->arriving.emplace_back(
            FleetSaying{std::make_shared<const RoomId>(RoomId{room}), message});
  }

  std::size_t payload_bytes_max = 64 * 1024;
  /// How large the sessions of one part of a roster may be.
  std::size_t roster_bytes_max = roster_sessions_bytes_max;
  std::size_t parts_said = 0;  ///< rosters, or parts of them

 private:
  static FleetPacket packet_of(RoomName room, Bytes wrapper, bool is_notice) {
    FleetPacket packet{
        std::move(room), BufferBuilder(packet_headroom + wrapper.size()), {}, is_notice};
    packet.message.extend(packet_headroom);
    packet.message.append(wrapper);
    packet.verdict = judge(Bytes(packet.message.written()).subspan(packet_headroom));
    return packet;
  }

  bool publish(Port& from, const RoomName& room, const Packet& packet) {
    if (!from.is_connected) return false;
    for (const auto& port : ports_)
      if (port.get() != &from && port->is_connected && port->rooms.contains(*room))
        port->arriving.emplace_back(packet_of(room, packet.wrapper(), packet.facts().from_server));
    return true;
  }
  void say(Port& from, const RoomName& room, fleet::What what) {
    if (!from.is_connected) return;
    auto* const roster = std::get_if<fleet::Roster>(&what);
    if (roster == nullptr) {
      say_at_once(from, room, std::move(what), /*is_question=*/false);
      return;
    }
    for (fleet::Roster& part : in_parts(std::move(*roster), roster_bytes_max)) {
      ++parts_said;
      const bool is_question = part.is_question;
      say_at_once(from, room, std::move(part), is_question);
    }
  }
  void say_at_once(Port& from, const RoomName& room, fleet::What what, bool is_question) {
    // Through the bytes, as over NATS.
    const auto bytes = encode({from.self(), std::move(what)});
    check(bytes.size() <= payload_bytes_max, "a server says more than NATS takes");
    const auto message = decode_fleet_message(bytes);
    check(message.has_value(), "a server says what no server understands");
    bool is_heard = false;
    for (const auto& port : ports_) {
      if (port.get() == &from || !port->is_connected || !port->rooms.contains(*room)) continue;
      port->arriving.emplace_back(FleetSaying{room, *message});
      is_heard = true;
    }
    if (is_question && !is_heard) from.arriving.emplace_back(NobodyAnswers{room});
  }

  std::vector<std::unique_ptr<Port>> ports_;
};

/// Servers of one fleet, each a ServerWorld. Session ids of server 0 count from 1, of server 1 from
/// 101, and so on.
class FleetWorld {
 public:
  explicit FleetWorld(std::size_t count = 2, ShardIndex shards = 1) {
    for (std::size_t i = 0; i < count; ++i) add_server(shards);
  }
  /// A server for each of these records of meetings.
  explicit FleetWorld(const std::vector<MeetingRecord*>& records) {
    for (MeetingRecord* const record : records) add_server(1, record);
  }

  std::size_t add_server(ShardIndex shards = 1, MeetingRecord* record = nullptr) {
    const std::size_t index = worlds_.size();
    ports_.push_back(&broker.add({index + 1}));
    worlds_.push_back(std::make_unique<ServerWorld>(
        shards, RoomSurroundings{ports_.back(), record, false}, index * 100));
    worlds_.back()->pass(elapsed_);
    return index;
  }

  ServerWorld& operator[](std::size_t server) { return *worlds_[server]; }
  HeldBroker::Port& port(std::size_t server) { return *ports_[server]; }

  TestClient& join(std::string user, std::size_t server,
                   std::optional<std::uint8_t> secret = std::nullopt,
                   Role role = Role::participant) {
    TestClient& client = worlds_[server]->join(std::move(user), 0, secret, role);
    deliver();
    return client;
  }
  /// Joins, becomes active; everybody has read what that brought.
  TestClient& join_active(std::string user, std::size_t server,
                          std::optional<std::uint8_t> secret = std::nullopt) {
    TestClient& client = join(std::move(user), server, secret);
    client.activate();
    deliver();
    read_all();
    return client;
  }

  /// Lets everything on its way arrive, until nothing is left.
  void deliver() {
    for (bool is_busy = true; is_busy;) {
      is_busy = false;
      for (std::size_t i = 0; i < worlds_.size(); ++i) is_busy |= deliver_to(i);
    }
  }
  bool deliver_to(std::size_t server) {
    ServerWorld& world = *worlds_[server];
    const std::size_t before = world.delivered();
    world.deliver();
    bool is_busy = world.delivered() != before;
    while (!ports_[server]->arriving.empty()) {
      HeldBroker::Item item = std::move(ports_[server]->arriving.front());
      ports_[server]->arriving.pop_front();
      arrive(world, item);
      is_busy = true;
    }
    return is_busy;
  }

  /// Lets one thing arrive: from another server, or on one of its shards.
  void deliver_one(std::size_t server, std::size_t way) {
    ServerWorld& world = *worlds_[server];
    if (way < world.bus.shards()) {
      world.deliver_one_to(static_cast<ShardIndex>(way));
    } else if (!ports_[server]->arriving.empty()) {
      HeldBroker::Item item = std::move(ports_[server]->arriving.front());
      ports_[server]->arriving.pop_front();
      arrive(world, item);
    }
  }

  /// One part of a roster that is on its way to that server is lost; false if none is.
  bool lose_roster_part(std::size_t server) {
    auto& arriving = ports_[server]->arriving;
    const auto part = std::ranges::find_if(arriving, [](const HeldBroker::Item& item) {
      const auto* const saying = std::get_if<FleetSaying>(&item);
      return saying != nullptr && std::holds_alternative<fleet::Roster>(saying->message.what);
    });
    if (part == arriving.end()) return false;
    arriving.erase(part);
    return true;
  }
  /// As a bus does that has noticed a loss.
  void ask_anew(std::size_t server) {
    for (const auto& chat : worlds_[server]->servers)
      chat->on_fleet_reconnected(worlds_[server]->now);
  }

  /// Moves time and lets nothing arrive.
  void pass_only(Duration duration) {
    elapsed_ += duration;
    for (const auto& world : worlds_) world->pass_only(duration);
  }
  void pass(Duration duration) {
    elapsed_ += duration;
    for (const auto& world : worlds_) world->pass(duration);
    deliver();
  }
  /// That server and the others hear nothing of each other any more.
  void cut_off(std::size_t server) {
    ports_[server]->is_connected = false;
    ports_[server]->arriving.clear();
  }
  /// Who is cut off and the others have noticed so.
  void notice_silence(std::size_t server) {
    for (std::size_t i = 0; i < worlds_.size(); ++i) {
      if (i == server) continue;
      miss(i, server);
      miss(server, i);
    }
  }
  [[nodiscard]] bool is_cut_off(std::size_t server) const { return !ports_[server]->is_connected; }
  void connect(std::size_t server) {
    ports_[server]->is_connected = true;
    ask_anew(server);
  }
  /// That server dies; the others notice after a while.
  void kill(std::size_t server) {
    cut_off(server);
    for (std::size_t i = 0; i < worlds_.size(); ++i)
      if (i != server) miss(i, server);
    deliver();
  }
  void reconnect(std::size_t server) {
    connect(server);
    deliver();
  }
  void read_all() {
    for (const auto& world : worlds_) world->read_all();
  }

  HeldBroker broker;

 private:
  /// Server `here` has not heard the other one for too long.
  void miss(std::size_t here, std::size_t other) {
    for (const auto& chat : worlds_[here]->servers)
      chat->on_server_silent({other + 1}, worlds_[here]->now);
  }

  static void arrive(ServerWorld& world, HeldBroker::Item& item) {
    const auto home = [&world](const RoomName& room) -> ChatServer& {
      return *world.servers[home_of(*room, world.bus.shards())];
    };
    if (auto* packet = std::get_if<FleetPacket>(&item)) {
      ChatServer& server = home(packet->room);
      server.handle(std::move(*packet), world.now);
    } else if (auto* saying = std::get_if<FleetSaying>(&item)) {
      home(saying->room).handle(*saying, world.now);
    } else {
      const RoomName& room = std::get<HeldBroker::NobodyAnswers>(item).room;
      home(room).on_nobody_answers(*room, world.now);
    }
  }

  std::vector<HeldBroker::Port*> ports_;
  std::vector<std::unique_ptr<ServerWorld>> worlds_;
  Duration elapsed_{};
};

}  // namespace parley
