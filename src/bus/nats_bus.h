#pragma once
// NatsBus: the other servers, over NATS. A thread of its own stands between NATS, which may stall
// its callers for seconds, and the shards, which it never makes wait.

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "actor/shard.h"
#include "bus/nats_client.h"
#include "chat/chat_server.h"
#include "chat/diagnostics_sink.h"
#include "chat/fleet.h"
#include "chat/fleet_watch.h"
#include "chat/heartbeat.h"

namespace parley {

struct NatsBusRules {
  NatsRules nats;
  /// Packets go to NATS whether or not another server is known to have the room: fleets may hold
  /// original servers and other listeners.
  bool publishes_always = true;
  /// What comes is handed to NATS at most so often; the first after a pause at once.
  Duration gather = 3ms;
  /// What may wait for the bus thread. The less important a packet, the earlier it is refused.
  std::size_t queue_bytes = 16 * 1024 * 1024;
  /// What of it may be one sender's, and likewise of what comes from NATS and waits for its room:
  /// the largest packet and what follows it.
  std::size_t sender_bytes = 5 * 1024 * 1024;
};

/// What a NatsBus counts. Each cell has one writing thread, or one mutex, or is only set.
struct NatsBusStats {
  Cell connected;  ///< gauge
  Cell servers;    ///< gauge: other servers that live
  Cell waiting;    ///< gauge: what the bus thread has not looked at yet
  Cell messages_out, messages_in;
  Cell reconnects;
  std::array<Cell, packet_class_count> published;  ///< packets
  Cell dropped_disconnected, dropped_too_large, dropped_failed;
  Cell queue_full;    ///< found the way to NATS full; packets are counted by their shard
  Cell refused;       ///< came and found the home shard's mailbox full
  Cell unreadable;    ///< came and is not what may come on its subject, or from nobody we watch
  Cell lost_at_nats;  ///< slow consumer: dropped before we saw them
};

/// One for the process. enter(), leave(), say() and publish() may be called from any thread, also
/// when the bus does not run.
class NatsBus final : public Fleet, public DiagnosticsSink, private NatsEvents {
 public:
  NatsBus(NatsBusRules rules, InstanceId self);
  ~NatsBus();
  NatsBus(const NatsBus&) = delete;
  NatsBus& operator=(const NatsBus&) = delete;

  /// Names a shard and its ChatServer; all of them before start(), in order of their shards.
  void connect(Shard& shard, ChatServer& server) { ends_.push_back({&shard, &server}); }

  /// Tries once to reach NATS, for up to two seconds. Before start().
  [[nodiscard]] Result<void> open();
  void start();
  /// Hands over what waits, for up to half a second, and ends. Nothing reaches a shard afterwards.
  void stop();

  [[nodiscard]] const NatsBusStats& stats() const { return stats_; }

  // Fleet:
  [[nodiscard]] InstanceId self() const override { return self_; }
  [[nodiscard]] bool connected() const override { return connected_.load(); }
  [[nodiscard]] bool publishes_always() const override { return rules_.publishes_always; }
  void enter(const RoomName& room) override;
  void leave(const RoomName& room) override;
  void say(const RoomName& room, fleet::What what) override;
  bool publish(const RoomName& room, const Packet& packet,
               const std::shared_ptr<Transit>& transit) override;

  // DiagnosticsSink:
  void publish(const std::string& subject, Bytes payload) override;

 private:
  struct End {
    Shard* shard;
    ChatServer* server;
  };
  /// Something for the bus thread to do. Only media may wait for more of it.
  struct Order {
    enum class Kind : std::uint8_t { enter, leave, say, publish, report };
    Kind kind;
    RoomName room;
    Packet packet;                     ///< of publish
    std::shared_ptr<Transit> transit;  ///< of publish: its sender's
    std::vector<std::uint8_t> bytes;   ///< of say and report
    bool is_question = false;          ///< of say
    std::string subject{};             ///< of report
  };
  /// What came from each sender and has not reached its room yet. The delivery thread's.
  using Arriving = std::unordered_map<SessionId, std::shared_ptr<Transit>>;
  struct Subscribed {
    RoomName room;
    std::unique_ptr<NatsClient::Subscription> packets, sayings;
    [[nodiscard]] std::uint64_t lost() const;
  };

  void put_saying(const RoomName& room, fleet::What what, bool is_question);
  bool put(Order order, std::size_t bytes, std::size_t bytes_max);
  void run();
  void hand_over(const std::vector<Order>& orders);
  void reach_nats();
  void on_reached();
  void tick(TimePoint now);
  void count_lost(TimePoint now);

  void enter_now(const RoomName& room);
  void subscribe(Subscribed& room);
  void leave_now(const RoomName& room);
  void say_now(const Order& order);
  void publish_now(const Order& order);
  NatsPublished give(const std::string& subject, Bytes payload, const std::string& reply = {});

  // On the library's delivery thread.
  void receive_packet(const RoomName& room, Arriving& arriving, const NatsMessage& message);
  void receive_saying(const RoomName& room, const NatsMessage& message);
  void receive_no_responders(const NatsMessage& message);
  void receive_alive(const NatsMessage& message);
  bool heard(InstanceId server, const fleet::Alive* alive = nullptr);
  [[nodiscard]] End home_end(const RoomId& room) const;

  // On other threads of the library.
  void on_reconnected() override;
  void on_disconnected() override;
  void on_slow_consumer() override;

  const NatsBusRules rules_;
  const InstanceId self_;
  const std::string inbox_;  ///< where NATS says that nobody listens; a room's name follows
  std::vector<End> ends_;
  NatsBusStats stats_;
  std::atomic<bool> connected_{false};
  std::atomic<bool> is_out_of_step_{false};  ///< something between servers was lost: all ask again

  std::atomic<bool> has_lost_{false};  ///< NATS has been faster than we were, at least once

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Order> orders_;     // under mutex_
  std::size_t orders_bytes_ = 0;  // under mutex_
  bool is_urgent_ = false;        // under mutex_
  bool stopping_ = false;         // under mutex_
  bool has_reconnected_ = false;  // under mutex_
  bool is_asked_ = false;         // under mutex_: the heartbeat is due earlier than it was
  Heartbeat heartbeat_;           // under mutex_

  std::mutex watch_mutex_;
  FleetWatch watch_;  // under watch_mutex_

  // The bus thread's.
  std::unordered_map<RoomId, Subscribed> rooms_;
  std::unique_ptr<NatsClient::Subscription> alive_, no_responders_;
  std::uint64_t lost_before_ = 0;  // of rooms we have left
  TimePoint next_count_{}, next_warning_{};
  TimePoint next_try_{};
  bool has_warned_of_size_ = false;

  std::unique_ptr<NatsClient> client_;  // before what its callbacks use goes
  std::thread thread_;
};

}  // namespace parley
