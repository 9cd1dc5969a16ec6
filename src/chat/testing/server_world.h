#pragma once
// For tests: ChatServers on a bus that delivers when it is told to, and clients written down as
// the lines they read.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "chat/chat_server.h"
#include "chat/session_logic.h"
#include "chat/testing/packets.h"

namespace parley {

using Lines = std::vector<std::string>;

/// A bus whose shards are handled by deliver(): until then everything is on its way.
class HeldBus final : public Bus {
 public:
  explicit HeldBus(ShardIndex shards) : shards_(shards), ways_(shards) {}

  void tell(ShardIndex to, Note note) override { ways_[to].emplace_back(std::move(note)); }
  [[nodiscard]] bool offer(ShardIndex to, const RoomPacket& packet) override {
    if (full) return false;
    ways_[to].emplace_back(packet);
    return true;
  }
  [[nodiscard]] ShardIndex shards() const override { return shards_; }

  /// Takes the next thing on its way to a shard.
  std::optional<std::variant<Note, RoomPacket>> next(ShardIndex to) {
    if (ways_[to].empty()) return std::nullopt;
    std::optional item = std::move(ways_[to].front());
    ways_[to].pop_front();
    return item;
  }

  bool full = false;  ///< refuses packets

 private:
  ShardIndex shards_;
  std::vector<std::deque<std::variant<Note, RoomPacket>>> ways_;
};

/// A client of a ServerWorld.
struct TestClient final : SessionTransport {
  TestClient(Identity identity, ChatServer& server, ShardStats& its_stats,
             const SessionSettings& settings)
      : stats(its_stats), logic(std::move(identity), server, its_stats, *this, settings) {}

  void wake() override { ++wakes; }
  void end(EndReason reason, std::string_view text) override {
    end_reason = reason;
    end_text = text;
    logic.stop(*now);
  }
  void resume_reading() override { ++resumed_reading; }

  void send(const std::string& wrapper) { logic.on_message(message_of(wrapper), *now); }
  /// Sends what makes it active, and nothing that anybody keeps.
  void activate() { send(wrapper_of(PacketType::health, "x")); }
  void leave() { logic.stop(*now); }

  /// What has come since the last call, as lines.
  Lines read() {
    Lines lines;
    while (auto entry = logic.outbox().take(now->monotonic))
      lines.push_back(Reading(entry->packet).line());
    logic.outbox().end_flush();
    logic.on_flushed(!lines.empty(), false, *now);
    return lines;
  }
  /// The next packet as it is.
  std::optional<Packet> read_packet() {
    auto entry = logic.outbox().take(now->monotonic);
    if (!entry) return std::nullopt;
    return entry->packet;
  }

  ShardStats& stats;
  const Now* now = nullptr;
  SessionLogic logic;
  int wakes = 0;
  int resumed_reading = 0;
  std::optional<EndReason> end_reason;
  std::string end_text;
};

/// A few shards with their ChatServers. Ids count from 1, or from what `ids_after` says; time
/// stands until it is moved.
class ServerWorld {
 public:
  explicit ServerWorld(ShardIndex shards = 1, const RoomSurroundings& around = {},
                       std::uint64_t ids_after = 0)
      : bus(shards), stats(shards), last_id_(ids_after) {
    for (ShardIndex i = 0; i < shards; ++i)
      servers.push_back(
          std::make_unique<ChatServer>(i, bus, stats[i], [this] { return ++last_id_; }, around));
  }

  /// A room whose home is that shard.
  std::string room_at(ShardIndex home) const {
    for (int i = 0;; ++i) {
      std::string name = "room" + std::to_string(i);
      if (home_of({name}, bus.shards()) == home) return name;
    }
  }

  TestClient& join(std::string user, ShardIndex shard = 0,
                   std::optional<std::uint8_t> secret = std::nullopt,
                   Role role = Role::participant) {
    return join_as({{room}, user, user, role}, shard, secret);
  }
  TestClient& observe(std::string user, ShardIndex shard = 0,
                      std::optional<std::uint8_t> secret = std::nullopt) {
    return join(std::move(user), shard, secret, Role::observer);
  }
  TestClient& join_as(Identity identity, ShardIndex shard = 0,
                      std::optional<std::uint8_t> secret = std::nullopt) {
    auto& client = clients_.emplace_back(
        std::make_unique<TestClient>(std::move(identity), *servers[shard], stats[shard], settings));
    client->now = &now;
    std::optional<ResumeKey> key;
    if (secret) key.emplace().sha256[0] = *secret;
    client->logic.start(key, now);
    return *client;
  }
  /// Joins, reads the welcome, becomes active; everybody has read what that brought.
  TestClient& join_active(std::string user, ShardIndex shard = 0,
                          std::optional<std::uint8_t> secret = std::nullopt) {
    TestClient& client = join(std::move(user), shard, secret);
    deliver();
    client.activate();
    deliver();
    read_all();
    return client;
  }

  /// How much has arrived so far.
  [[nodiscard]] std::size_t delivered() const { return delivered_; }

  /// Lets everything on its way to `shard` arrive, or to all of them until nothing is left.
  void deliver_to(ShardIndex shard) {
    while (deliver_one_to(shard)) {
    }
  }
  bool deliver_one_to(ShardIndex shard) {
    auto item = bus.next(shard);
    if (!item) return false;
    if (auto* note = std::get_if<Note>(&*item))
      servers[shard]->handle(std::move(*note), now);
    else
      servers[shard]->handle(std::get<RoomPacket>(*item), now);
    ++delivered_;
    return true;
  }
  void deliver() {
    for (std::size_t before = delivered_ + 1; before != delivered_;) {
      before = delivered_;
      for (ShardIndex i = 0; i < bus.shards(); ++i) deliver_to(i);
    }
  }
  /// Moves time, and runs what is due then.
  void pass(Duration duration) {
    pass_only(duration);
    deliver();
  }
  void pass_only(Duration duration) {
    elapsed_ += duration;
    now = both_at(elapsed_);
    for (const auto& server : servers) server->on_deadline(now);
  }
  void read_all() {
    for (const auto& client : clients_) client->read();
  }

  Now now = both_at(0s);
  SessionSettings settings;
  HeldBus bus;
  std::vector<ShardStats> stats;
  std::vector<std::unique_ptr<ChatServer>> servers;
  std::string room = "room1";

 private:
  Duration elapsed_{};
  std::uint64_t last_id_;
  std::size_t delivered_ = 0;
  std::vector<std::unique_ptr<TestClient>> clients_;  ///< gone before the servers
};

}  // namespace parley
