#include "quic/quic_endpoint.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "base/check.h"
#include "quic/flush_hold.h"
#include "quic/quic_front_door.h"
#include "quic/quic_host.h"
#include "quic/quic_server_connection.h"
#include "quic/udp_receiver.h"

namespace parley {
namespace {

/// Datagrams taken in before the loop may turn to others.
constexpr std::size_t datagrams_per_turn = 64;
/// Ended connections remembered; beyond, the one that is forgotten soonest anyway goes.
constexpr std::size_t tombstones_max = 10'000;

UdpAddress bound_address(int native_socket) {
  UdpAddress bound;
  socklen_t length = UdpAddress::length_max;
  check(::getsockname(native_socket, bound.data(), &length) == 0, "a UDP socket has no address");
  return bound;
}

}  // namespace

QuicSecrets QuicSecrets::random() {
  QuicSecrets secrets;
  secrets.stateless_reset.resize(32);
  secrets.token.resize(32);
  fill_random(secrets.stateless_reset);
  fill_random(secrets.token);
  return secrets;
}

class QuicEndpoint::Impl final : public QuicHost, public Flushable, public Timed {
 public:
  Impl(Shard& on_shard, int native_socket, std::size_t shards, const QuicRules& with_rules,
       const QuicSecrets& with_secrets, const QuicTls& with_tls, QuicAcceptor& with_acceptor)
      : QuicHost(on_shard, native_socket, shards, with_rules, with_secrets, with_tls,
                 with_acceptor),
        receiver_(native_socket, bound_address(native_socket), stats),
        socket_(on_shard.io(), native_socket),
        front_door_(*this),
        false_starts_(with_rules.false_starts_max),
        alarm_(on_shard, *this) {}
  ~Impl();

  void wait_readable();
  void refuse_new() { is_refusing_ = true; }
  void drain();
  void close_all(std::uint64_t code, std::string_view reason);
  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  void flush(Now now) override;
  void flush_later(QuicServerConnection& connection) override;
  bool flush_in_batch(QuicServerConnection& connection) override;
  void bury(QuicServerConnection& connection, QuicTombstone tombstone) override;
  /// Ends the wait of the batch, and forgets tombstones whose time is over.
  void on_deadline(Now now) override;

 private:
  struct HalfOpen {
    std::weak_ptr<QuicServerConnection> connection;
    TimePoint since;
  };

  void on_readable();
  void wait_writable();
  void take_in(const UdpTrain& train, Now now);
  void take_in_one(Bytes datagram, const UdpTrain& train, Now now);
  void answer_from_grave(QuicTombstone& tombstone);
  void open(const QuicOpening& opening, Bytes datagram, std::uint8_t ecn, Now now);
  void ask_flush();
  void make_room_for_handshake(Now now);
  void forget_first_tombstone();
  void end_batch();
  void set_alarm();

  UdpReceiver receiver_;
  boost::asio::posix::stream_descriptor socket_;
  QuicFrontDoor front_door_;
  PerSecondLimit false_starts_;
  /// Handshakes in the order in which they began. Those that are over stay among them until they
  /// come first, at the latest after the time-out of the one before them.
  std::deque<HalfOpen> half_open_;
  /// When we last left something unread: till then nobody kept us waiting.
  TimePoint behind_at_{};
  std::unordered_map<QuicServerConnection*, std::shared_ptr<QuicServerConnection>> connections_;
  /// Connections to flush, each once; null where one has ended meanwhile.
  std::vector<QuicServerConnection*> to_flush_;
  /// Connections that are flushed together at batch_due_, each once; null as above.
  std::vector<QuicServerConnection*> batch_;
  TimePoint batch_due_ = never;
  std::multimap<TimePoint, QuicTombstone> tombstones_;
  Shard::Alarm alarm_;
  bool is_flush_asked_ = false;
  bool is_refusing_ = false;
  bool waits_writable_ = false;
  bool is_ending_ = false;
  /// Handlers of the socket look here whether there still is an endpoint.
  std::shared_ptr<Impl*> self_ = std::make_shared<Impl*>(this);
};

QuicEndpoint::Impl::~Impl() {
  is_ending_ = true;
  shard.forget(*this);
  const Now now = shard.now();
  for (const auto& [key, connection] : connections_)
    connection->abandon(QuicEnd::Cause::local, now);
  connections_.clear();
}

void QuicEndpoint::Impl::wait_readable() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = std::weak_ptr(self_)](const boost::system::error_code& error) {
                       const auto alive = self.lock();
                       if (alive && !error) (*alive)->on_readable();
                     });
}

void QuicEndpoint::Impl::on_readable() {
  const std::uint64_t before = stats.datagrams_in.read();
  bool is_first = true;
  bool is_behind = true;
  while (is_behind && stats.datagrams_in.read() - before < datagrams_per_turn) {
    const std::span<const UdpTrain> trains = receiver_.receive();
    // What other shards said because of these datagrams' causes must be heard before them.
    if (std::exchange(is_first, false)) shard.run_posted();
    for (const UdpTrain& train : trains) take_in(train, shard.now());
    is_behind = trains.size() == UdpReceiver::trains_max;
  }
  if (is_behind) behind_at_ = shard.now().monotonic;
  ask_flush();
  wait_readable();
}

void QuicEndpoint::Impl::take_in(const UdpTrain& train, Now now) {
  stats.bytes_in.add(train.bytes.size());
  if (train.bytes.empty() || train.path.remote.port() == 0) {
    // Nobody answers from port 0, and nothing can be sent there.
    stats.datagrams_in.add();
    stats.malformed.add();
    return;
  }
  for (Bytes left = train.bytes; !left.empty();) {
    const Bytes datagram = left.first(std::min(left.size(), train.segment));
    left = left.subspan(datagram.size());
    stats.datagrams_in.add();
    take_in_one(datagram, train, now);
  }
}

void QuicEndpoint::Impl::take_in_one(Bytes datagram, const UdpTrain& train, Now now) {
  ngtcp2_version_cid ids;
  const int read =
      ngtcp2_pkt_decode_version_cid(&ids, datagram.data(), datagram.size(), Cid::our_bytes);
  if (read == 0 && ids.dcidlen <= Cid::bytes_max) {
    const auto found = routes.find(Cid::copy_of({ids.dcid, ids.dcidlen}));
    if (found != routes.end()) {
      const QuicRoute route = found->second;
      if (route.connection != nullptr)
        route.connection->feed(datagram, train.path, train.ecn, now);
      else
        answer_from_grave(*route.tombstone);
      return;
    }
  }
  const QuicFrontDoor::Openness openness{
      .is_open = !is_refusing_ && connections_.size() < rules.connections_max,
      .asks_proof =
          stats.handshakes_open.read() >= rules.retry_above || false_starts_.is_spent(now)};
  const auto opening = front_door_.receive(datagram, train.path, openness, now);
  if (opening) open(*opening, datagram, train.ecn, now);
}

void QuicEndpoint::Impl::open(const QuicOpening& opening, Bytes datagram, std::uint8_t ecn,
                              Now now) {
  make_room_for_handshake(now);
  auto connection = QuicServerConnection::accept(*this, opening, now);
  if (connection == nullptr) {
    stats.refused.add();
    return;
  }
  QuicServerConnection& opened = *connection;
  half_open_.push_back({connection, now.monotonic});
  connections_.emplace(&opened, std::move(connection));
  opened.feed(datagram, opening.path, ecn, now);
  if (!connections_.contains(&opened)) static_cast<void>(false_starts_.take(now));
}

/// We have closed it, and the peer has not heard: told again, but ever more rarely
/// (RFC 9000 §10.2.1).
void QuicEndpoint::Impl::answer_from_grave(QuicTombstone& tombstone) {
  ++tombstone.received;
  const bool is_turn = (tombstone.received & (tombstone.received - 1)) == 0;
  if (tombstone.answer.empty() || !is_turn) return;
  const MutableBytes space = sender.space();
  if (space.empty()) return;
  std::ranges::copy(tombstone.answer, space.begin());
  sender.add(tombstone.answer.size(), tombstone.path, tombstone.ecn, /*alone=*/true);
}

void QuicEndpoint::Impl::flush_later(QuicServerConnection& connection) {
  to_flush_.push_back(&connection);
  ask_flush();
}

bool QuicEndpoint::Impl::flush_in_batch(QuicServerConnection& connection) {
  if (batch_.empty()) {
    const Duration hold = flush_hold(shard.busy(), rules.video_hold);
    if (hold <= Duration::zero()) return false;
    batch_due_ = shard.now().monotonic + hold;
    set_alarm();
  }
  batch_.push_back(&connection);
  return true;
}

void QuicEndpoint::Impl::end_batch() {
  batch_due_ = never;
  for (QuicServerConnection* connection : std::exchange(batch_, {}))
    if (connection != nullptr) connection->on_batch_due();
}

void QuicEndpoint::Impl::set_alarm() {
  const TimePoint forget = tombstones_.empty() ? never : tombstones_.begin()->first;
  alarm_.set(std::min(batch_due_, forget));
}

void QuicEndpoint::Impl::ask_flush() {
  if (std::exchange(is_flush_asked_, true) || is_ending_) return;
  shard.flush_later(*this);
}

void QuicEndpoint::Impl::flush(Now now) {
  is_flush_asked_ = false;
  if (sender.is_blocked()) {
    for (std::size_t i = 0; i < to_flush_.size(); ++i)
      if (to_flush_[i] != nullptr) to_flush_[i]->flush_in_vain(now);
    return;
  }
  // Flushing one may wake others: walked by index until nothing is left, or the socket is full.
  std::size_t done = 0;
  for (; done < to_flush_.size() && !sender.is_blocked(); ++done)
    if (to_flush_[done] != nullptr) to_flush_[done]->flush(now);
  to_flush_.erase(to_flush_.begin(), to_flush_.begin() + static_cast<std::ptrdiff_t>(done));
  if (!sender.send()) wait_writable();
}

void QuicEndpoint::Impl::wait_writable() {
  if (std::exchange(waits_writable_, true)) return;
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                     [self = std::weak_ptr(self_)](const boost::system::error_code& error) {
                       const auto alive = self.lock();
                       if (!alive || error) return;
                       (*alive)->waits_writable_ = false;
                       (*alive)->sender.on_writable();
                       (*alive)->ask_flush();
                     });
}

void QuicEndpoint::Impl::make_room_for_handshake(Now now) {
  while (!half_open_.empty()) {
    const auto oldest = half_open_.front().connection.lock();
    if (oldest != nullptr && !oldest->is_handshake_over()) {
      const std::size_t open = stats.handshakes_open.read();
      const Duration waited = now.monotonic - std::max(half_open_.front().since, behind_at_);
      const bool gives_way = open >= rules.half_open_max ||
                             (open >= rules.half_open_usual && waited >= rules.half_open_time);
      if (!gives_way) return;
      oldest->abandon(QuicEnd::Cause::displaced, now);
    }
    half_open_.pop_front();
  }
}

void QuicEndpoint::Impl::bury(QuicServerConnection& connection, QuicTombstone tombstone) {
  if (is_ending_) return;
  for (auto* asked : {&to_flush_, &batch_})
    std::ranges::replace(*asked, &connection, static_cast<QuicServerConnection*>(nullptr));
  const auto found = connections_.find(&connection);
  if (found != connections_.end()) {
    // Its own code may be running.
    shard.destroy_later(std::move(found->second));
    connections_.erase(found);
  }
  ask_flush();
  if (tombstone.cids.empty()) return;
  if (tombstones_.size() >= tombstones_max) forget_first_tombstone();
  const TimePoint until = shard.now().monotonic + tombstone.lifetime;
  QuicTombstone& kept = tombstones_.emplace(until, std::move(tombstone))->second;
  for (const Cid& cid : kept.cids) routes[cid] = QuicRoute{.tombstone = &kept};
  set_alarm();
}

void QuicEndpoint::Impl::on_deadline(Now now) {
  if (batch_due_ <= now.monotonic) end_batch();
  while (!tombstones_.empty() && tombstones_.begin()->first <= now.monotonic)
    forget_first_tombstone();
  set_alarm();
}

void QuicEndpoint::Impl::forget_first_tombstone() {
  const auto first = tombstones_.begin();
  for (const Cid& cid : first->second.cids) routes.erase(cid);
  tombstones_.erase(first);
}

void QuicEndpoint::Impl::drain() {
  for (const auto& [key, connection] : connections_) connection->drain();
}

void QuicEndpoint::Impl::close_all(std::uint64_t code, std::string_view reason) {
  for (const auto& [key, connection] : connections_) connection->close(code, reason);
}

QuicEndpoint::QuicEndpoint(Shard& shard, int native_socket, std::size_t shards,
                           const QuicRules& rules, const QuicSecrets& secrets, const QuicTls& tls,
                           QuicAcceptor& acceptor)
    : impl_(std::make_unique<Impl>(shard, native_socket, shards, rules, secrets, tls, acceptor)) {}

QuicEndpoint::~QuicEndpoint() = default;

void QuicEndpoint::start() { impl_->wait_readable(); }

void QuicEndpoint::refuse_new() { impl_->refuse_new(); }

void QuicEndpoint::drain() { impl_->drain(); }

void QuicEndpoint::close_all(std::uint64_t code, std::string_view reason) {
  impl_->close_all(code, reason);
}

std::size_t QuicEndpoint::connections() const { return impl_->connections(); }

const QuicStats& QuicEndpoint::stats() const { return impl_->stats; }

}  // namespace parley
