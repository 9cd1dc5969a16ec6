#include "bus/nats_bus.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace parley {
namespace {

constexpr std::string_view room_prefix = "room.";
constexpr std::string_view system_token = "system";
/// Orders that are not packets may wait up to this much; beyond it all servers ask one another
/// anew.
constexpr std::size_t sayings_bytes_max = 16 * 1024 * 1024;
/// Senders of a room whose share is kept count of; those with nothing waiting are forgotten first.
constexpr std::size_t senders_kept_max = 10'000;
/// What an order costs beside its bytes.
constexpr std::size_t order_bytes = 160;
constexpr Duration connect_period = 1s;
constexpr Duration tick_period = 500ms;
/// What goes on for longer is said so often.
constexpr Duration warning_period = 10s;
/// A broker that stalls holds up a new connection for this long at most.
constexpr Millis first_flush_max = 100ms;

/// How much of the queue each class may fill.
constexpr std::array<double, packet_class_count> queue_share = {1.0, 0.9, 0.7, 0.6};

std::string subject_of(const RoomName& room, const Packet& packet) {
  const PacketFacts& facts = packet.facts();
  if (facts.from_server) return fmt::format("{}{}.{}", room_prefix, room->value, system_token);
  return fmt::format("{}{}.{}", room_prefix, room->value, facts.sender.value);
}

/// One packet may always be on the way, whatever its size.
bool may_depart(const Transit& transit, std::size_t bytes, std::size_t bytes_max) {
  return transit.bytes() == 0 || transit.bytes() + bytes <= bytes_max;
}

std::string_view last_token(std::string_view subject) {
  return subject.substr(subject.rfind('.') + 1);
}

}  // namespace

NatsBus::NatsBus(NatsBusRules rules, InstanceId self)
    : rules_(std::move(rules)),
      self_(self),
      inbox_(fmt::format("_INBOX.parley.{:016x}.", self.value)) {}

NatsBus::~NatsBus() { stop(); }

// --- From the shards.

void NatsBus::enter(const RoomName& room) {
  put({Order::Kind::enter, room, {}, {}, {}}, room->value.size(), sayings_bytes_max);
}

void NatsBus::leave(const RoomName& room) {
  put({Order::Kind::leave, room, {}, {}, {}}, room->value.size(), sayings_bytes_max);
}

void NatsBus::say(const RoomName& room, fleet::What what) {
  if (!connected()) return;  // on reconnecting everything is said anew
  auto* const roster = std::get_if<fleet::Roster>(&what);
  if (roster == nullptr) {
    put_saying(room, std::move(what), /*is_question=*/false);
    return;
  }
  for (fleet::Roster& part : in_parts(std::move(*roster))) {
    const bool is_question = part.is_question;
    put_saying(room, std::move(part), is_question);
  }
}

void NatsBus::put_saying(const RoomName& room, fleet::What what, bool is_question) {
  Order order{Order::Kind::say, room, {}, {}, encode({self_, std::move(what)}), is_question};
  const std::size_t bytes = order.bytes.size();
  if (!put(std::move(order), bytes, sayings_bytes_max)) is_out_of_step_ = true;
}

bool NatsBus::publish(const RoomName& room, const Packet& packet,
                      const std::shared_ptr<Transit>& transit) {
  if (!connected()) return false;
  if (transit != nullptr && !may_depart(*transit, packet.size(), rules_.sender_bytes)) return false;
  const auto packet_class = static_cast<std::size_t>(packet.facts().packet_class);
  const auto bytes_max =
      static_cast<std::size_t>(static_cast<double>(rules_.queue_bytes) * queue_share[packet_class]);
  if (transit != nullptr) transit->depart(packet.size());
  if (put({Order::Kind::publish, room, packet, transit, {}}, packet.size(), bytes_max)) return true;
  if (transit != nullptr) transit->cancel(packet.size());
  return false;
}

void NatsBus::publish(const std::string& subject, Bytes payload) {
  if (!connected()) return;
  Order order{
      Order::Kind::report, nullptr, {}, {}, {payload.begin(), payload.end()}, false, subject};
  // Behind all that people wait for.
  put(std::move(order), payload.size() + subject.size(), rules_.queue_bytes / 2);
}

bool NatsBus::put(Order order, std::size_t bytes, std::size_t bytes_max) {
  bytes += order_bytes;
  const bool is_urgent = order.kind != Order::Kind::report &&
                         (order.kind != Order::Kind::publish || order.packet.facts().from_server);
  bool wakes;
  {
    const std::lock_guard lock(mutex_);
    // Rooms are always entered and left: there are no more of them than clients brought.
    const bool may_wait = order.kind != Order::Kind::enter && order.kind != Order::Kind::leave;
    if (may_wait && orders_bytes_ + bytes > bytes_max) {
      // A packet's shard counts it itself.
      if (order.kind != Order::Kind::publish) stats_.queue_full.add();
      return false;
    }
    wakes = orders_.empty() || (is_urgent && !is_urgent_);
    is_urgent_ |= is_urgent;
    orders_bytes_ += bytes;
    orders_.push_back(std::move(order));
    stats_.waiting.set(orders_.size());
  }
  if (wakes) wake_.notify_one();
  return true;
}

// --- The bus thread.

Result<void> NatsBus::open() {
  auto client = NatsClient::connect(rules_.nats, *this);
  if (!client) return tl::unexpected(client.error());
  client_ = std::move(*client);
  return {};
}

void NatsBus::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "bus");
    run();
  });
}

void NatsBus::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void NatsBus::run() {
  if (client_ != nullptr) on_reached();
  TimePoint handed_over{};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto is_called = [this] { return stopping_ || has_reconnected_ || is_asked_; };
    wake_.wait_until(lock, std::min(monotonic_now() + tick_period, heartbeat_.due()),
                     [&] { return is_called() || !orders_.empty(); });
    if (!orders_.empty())
      wake_.wait_until(lock, handed_over + rules_.gather,
                       [&] { return is_called() || is_urgent_; });
    const std::vector<Order> orders = std::exchange(orders_, {});
    orders_bytes_ = 0;
    is_urgent_ = false;
    const bool has_reconnected = std::exchange(has_reconnected_, false);
    is_asked_ = false;
    lock.unlock();
    if (client_ == nullptr) reach_nats();
    if (has_reconnected) on_reached();
    handed_over = monotonic_now();
    hand_over(orders);
    tick(handed_over);
    lock.lock();
    stats_.waiting.set(orders_.size());
  }
  lock.unlock();
  if (client_ != nullptr) client_->flush(500ms);
  connected_ = false;
  rooms_.clear();
  alive_.reset();
  no_responders_.reset();
  client_.reset();  // returns when nothing comes any more
}

void NatsBus::hand_over(const std::vector<Order>& orders) {
  for (const Order& order : orders) {
    switch (order.kind) {
      case Order::Kind::enter:
        enter_now(order.room);
        break;
      case Order::Kind::leave:
        leave_now(order.room);
        break;
      case Order::Kind::say:
        say_now(order);
        break;
      case Order::Kind::publish:
        publish_now(order);
        break;
      case Order::Kind::report:
        give(order.subject, order.bytes);
        break;
    }
  }
}

void NatsBus::reach_nats() {
  const TimePoint now = monotonic_now();
  if (now < next_try_) return;
  auto opened = open();
  next_try_ = monotonic_now() + connect_period;
  if (opened) on_reached();
}

/// NATS can be reached (again). The library renews subscriptions itself.
void NatsBus::on_reached() {
  if (alive_ == nullptr) {
    auto alive = client_->subscribe(std::string(servers_subject),
                                    [this](const NatsMessage& message) { receive_alive(message); });
    auto none = client_->subscribe(
        inbox_ + "*", [this](const NatsMessage& message) { receive_no_responders(message); });
    if (alive) alive_ = std::move(*alive);
    if (none) no_responders_ = std::move(*none);
    for (auto& [name, room] : rooms_) subscribe(room);
    client_->flush(first_flush_max);  // who sees us connected may count on being heard
  }
  log_info("connected to NATS",
           {{"server", client_->server()}, {"payload_max", client_->payload_bytes_max()}});
  has_warned_of_size_ = false;
  connected_ = true;
  stats_.connected.set(1);
  {
    const std::lock_guard lock(mutex_);
    heartbeat_.begin(monotonic_now());
  }
  is_out_of_step_ = true;
  tick(monotonic_now());
}

void NatsBus::tick(TimePoint now) {
  std::optional<fleet::Alive> alive;
  {
    const std::lock_guard lock(mutex_);
    alive = heartbeat_.take(now);
  }
  if (alive && connected()) give(std::string(servers_subject), encode({self_, *alive}));
  if (has_lost_ && now >= next_count_) count_lost(now);
  std::vector<InstanceId> silent;
  bool asks = false;
  {
    const std::lock_guard lock(watch_mutex_);
    silent = watch_.take_silent(now);
    stats_.servers.set(watch_.size());
    asks = connected() && !watch_.has_just_asked(now) && is_out_of_step_.exchange(false);
    if (asks) watch_.ask(now);
  }
  for (const InstanceId server : silent) {
    log_warning("another server has fallen silent",
                {{"server", fmt::format("{:016x}", server.value)}});
    for (const End end : ends_)
      end.shard->post([end, server] { end.server->on_server_silent(server, end.shard->now()); });
  }
  if (!asks) return;
  for (const End end : ends_)
    end.shard->post([end] { end.server->on_fleet_reconnected(end.shard->now()); });
}

void NatsBus::count_lost(TimePoint now) {
  next_count_ = now + tick_period;
  std::uint64_t lost = lost_before_;
  for (const auto& [name, room] : rooms_) lost += room.lost();
  if (lost > stats_.lost_at_nats.read() && now >= next_warning_) {
    next_warning_ = now + warning_period;
    log_warning("NATS brings packets faster than this server takes them; some are lost",
                {{"lost", lost}});
  }
  stats_.lost_at_nats.set(lost);
}

std::uint64_t NatsBus::Subscribed::lost() const {
  std::uint64_t lost = 0;
  for (const auto* const subscription : {&packets, &sayings})
    if (*subscription != nullptr) lost += (*subscription)->lost();
  return lost;
}

void NatsBus::leave_now(const RoomName& room) {
  const auto left = rooms_.find(*room);
  if (left == rooms_.end()) return;
  if (has_lost_) lost_before_ += left->second.lost();
  rooms_.erase(left);
}

void NatsBus::enter_now(const RoomName& room) {
  Subscribed& entered = rooms_[*room];
  entered.room = room;
  if (client_ != nullptr && entered.packets == nullptr) subscribe(entered);
}

void NatsBus::subscribe(Subscribed& room) {
  const RoomName name = room.room;
  auto packets =
      client_->subscribe(fmt::format("{}{}.*", room_prefix, name->value),
                         [this, name, arriving = Arriving{}](const NatsMessage& message) mutable {
                           receive_packet(name, arriving, message);
                         });
  auto sayings = client_->subscribe(
      std::string(presence_subject) + name->value,
      [this, name](const NatsMessage& message) { receive_saying(name, message); });
  if (packets) room.packets = std::move(*packets);
  if (sayings) room.sayings = std::move(*sayings);
  for (const auto* const result : {&packets, &sayings})
    if (!*result)
      log_error("a room is cut off from other servers",
                {{"room", name->value}, {"why", result->error().message}});
}

void NatsBus::say_now(const Order& order) {
  give(std::string(presence_subject) + order.room->value, order.bytes,
       order.is_question ? inbox_ + order.room->value : std::string());
}

void NatsBus::publish_now(const Order& order) {
  const Packet& packet = order.packet;
  if (order.transit != nullptr) order.transit->cancel(packet.size());
  const NatsPublished published = give(subject_of(order.room, packet), packet.wrapper());
  if (published == NatsPublished::yes)
    stats_.published[static_cast<std::size_t>(packet.facts().packet_class)].add();
  if (published != NatsPublished::too_large || std::exchange(has_warned_of_size_, true)) return;
  log_warning(
      "NATS refuses large packets, which other servers will miss; set max_payload = 8MB in its "
      "configuration",
      {{"packet_bytes", packet.size()}, {"max_payload", client_->payload_bytes_max()}});
}

NatsPublished NatsBus::give(const std::string& subject, Bytes payload, const std::string& reply) {
  const NatsPublished published =
      client_ == nullptr ? NatsPublished::disconnected : client_->publish(subject, payload, reply);
  switch (published) {
    case NatsPublished::yes:
      stats_.messages_out.add();
      break;
    case NatsPublished::disconnected:
      stats_.dropped_disconnected.add();
      break;
    case NatsPublished::too_large:
      stats_.dropped_too_large.add();
      break;
    case NatsPublished::failed:
      stats_.dropped_failed.add();
      break;
  }
  return published;
}

// --- The library's threads.

NatsBus::End NatsBus::home_end(const RoomId& room) const {
  return ends_[home_of(room, static_cast<ShardIndex>(ends_.size()))];
}

void NatsBus::receive_packet(const RoomName& room, Arriving& arriving, const NatsMessage& message) {
  stats_.messages_in.add();
  const std::size_t bytes = message.payload.size();
  if (bytes > packet_bytes_max + packet_stamp_bytes_max) {
    stats_.unreadable.add();
    return;
  }
  FleetPacket packet{room, BufferBuilder(packet_headroom + bytes), {}, false};
  packet.message.extend(packet_headroom);
  packet.message.append(message.payload);
  packet.verdict = judge(Bytes(packet.message.written()).subspan(packet_headroom));
  packet.is_notice = last_token(message.subject) == system_token;
  if (arriving.size() >= senders_kept_max)
    std::erase_if(arriving, [](const auto& sender) { return sender.second->bytes() == 0; });
  auto& transit = arriving[packet.verdict.said_by];
  if (transit == nullptr) transit = std::make_shared<Transit>();
  if (!may_depart(*transit, bytes, rules_.sender_bytes)) {
    stats_.refused.add();
    return;
  }
  transit->depart(bytes);
  const End end = home_end(*room);
  const bool is_taken = end.shard->offer(
      [end, transit, bytes, packet = std::move(packet)]() mutable {
        transit->cancel(bytes);
        end.server->handle(std::move(packet), end.shard->now());
      },
      bytes + order_bytes, /*is_first=*/false);
  if (is_taken) return;
  transit->cancel(bytes);
  stats_.refused.add();
}

void NatsBus::receive_saying(const RoomName& room, const NatsMessage& message) {
  stats_.messages_in.add();
  auto said = decode_fleet_message(message.payload);
  if (!said) {
    stats_.unreadable.add();
    return;
  }
  if (!heard(said->from)) return;
  const End end = home_end(*room);
  const bool is_taken = end.shard->offer(
      [end, saying = FleetSaying{room, std::move(*said)}] {
        end.server->handle(saying, end.shard->now());
      },
      message.payload.size() + order_bytes, /*is_first=*/false);
  if (is_taken) return;
  stats_.refused.add();
  is_out_of_step_ = true;
}

void NatsBus::receive_no_responders(const NatsMessage& message) {
  stats_.messages_in.add();
  if (!message.is_no_responders) return;
  const RoomId room{std::string(last_token(message.subject))};
  const End end = home_end(room);
  end.shard->post([end, room] { end.server->on_nobody_answers(room, end.shard->now()); });
}

void NatsBus::receive_alive(const NatsMessage& message) {
  stats_.messages_in.add();
  const auto said = decode_fleet_message(message.payload);
  const auto* const alive = said ? std::get_if<fleet::Alive>(&said->what) : nullptr;
  if (alive == nullptr) {
    stats_.unreadable.add();
    return;
  }
  if (!heard(said->from, alive) || !alive->is_question || said->from == self_) return;
  {
    const std::lock_guard lock(mutex_);
    if (!heartbeat_.asked(monotonic_now())) return;
    is_asked_ = true;
  }
  wake_.notify_one();
}

/// False if there are more servers than anybody has: nothing they say counts, because nobody would
/// notice their end.
bool NatsBus::heard(InstanceId server, const fleet::Alive* alive) {
  if (server == self_) return true;
  const TimePoint now = monotonic_now();
  const std::lock_guard lock(watch_mutex_);
  const Heard heard = alive == nullptr ? watch_.heard(server, now)
                                       : watch_.heard_alive(server, alive->is_question, now);
  stats_.servers.set(watch_.size());
  switch (heard) {
    case Heard::alive:
      break;
    case Heard::back_unasked:  // NATS stood still, or the server did, and no connection was lost
      is_out_of_step_ = true;
      [[fallthrough]];
    case Heard::back:
      log_info("another server is heard again", {{"server", fmt::format("{:016x}", server.value)}});
      break;
    case Heard::unwatched:
      stats_.unreadable.add();
      break;
  }
  return heard != Heard::unwatched;
}

void NatsBus::on_reconnected() {
  {
    const std::lock_guard lock(mutex_);
    has_reconnected_ = true;
  }
  stats_.reconnects.add();
  wake_.notify_one();
}

void NatsBus::on_disconnected() {
  connected_ = false;
  stats_.connected.set(0);
  log_warning("the connection to NATS is lost; rooms go on here alone until it is back");
}

void NatsBus::on_slow_consumer() {
  has_lost_ = true;
  is_out_of_step_ = true;
}

}  // namespace parley
