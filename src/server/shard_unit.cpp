#include "server/shard_unit.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "webtransport/error_code.h"

namespace parley {
namespace {

constexpr Duration drain_step = 50ms;

std::uint64_t random_id() {
  std::uint64_t id = 0;
  check(::getrandom(&id, sizeof id, 0) == sizeof id, "the system has no random numbers");
  return id;
}

std::unique_ptr<ServerDiagnostics> make_diagnostics(const ShardRules::Diagnostics& rules) {
  if (rules.sink == nullptr) return nullptr;
  return std::make_unique<ServerDiagnostics>(rules.connections, *rules.recent, *rules.sink);
}

std::unique_ptr<HealthProcessor> make_health(const ShardRules::Diagnostics& rules) {
  if (rules.sink == nullptr) return nullptr;
  return std::make_unique<HealthProcessor>(rules.health, *rules.sink);
}

template <class Rules>
Rules watched(Rules rules, Watchers watchers) {
  rules.session.watchers = watchers;
  return rules;
}

}  // namespace

TimePoint ShardUnit::Driven::deadline() const {
  const TimePoint chats = chat.deadline();
  return diagnostics == nullptr ? chats : std::min(chats, diagnostics->deadline());
}

void ShardUnit::Driven::on_deadline(Now now) {
  chat.on_deadline(now);
  if (diagnostics != nullptr) diagnostics->on_deadline(now);
}

ShardUnit::ShardUnit(ShardIndex index, LocalBus& bus, const ShardRules& rules,
                     const RouteRules& routes, const Health& health, const Census& census)
    : shard_(index),
      chat_(index, bus, shard_.stats(), random_id, rules.around),
      diagnostics_(make_diagnostics(rules.diagnostics)),
      health_(make_health(rules.diagnostics)),
      driven_{chat_, diagnostics_.get()},
      entrance_(routes.lobby, routes.sessions_max, health, census, refusals_),
      partial_(rules.partial, shard_.stats()),
      sessions_(shard_, chat_, partial_,
                watched(rules.websocket, {diagnostics_.get(), health_.get(), "websocket"})),
      routes_(shard_, sessions_, entrance_, refusals_, routes, health),
      wt_sessions_(
          shard_, chat_,
          watched(rules.webtransport, {diagnostics_.get(), health_.get(), "webtransport"})),
      wt_routes_(wt_sessions_, entrance_, refusals_, health, rules.http3, partial_),
      connections_(shard_, routes_, rules.http),
      drain_alarm_(shard_, *this) {
  shard_.mailbox().set_media_bytes_max(rules.mailbox_bytes);
  shard_.drive(driven_);
}

ShardUnit::~ShardUnit() { check(!thread_.joinable(), "a shard is destroyed while it runs"); }

void ShardUnit::start() {
  thread_ = std::thread([this] {
    // Seen in top, in /proc and in the load tool's report.
    pthread_setname_np(pthread_self(), fmt::format("shard-{}", shard_.index()).c_str());
    shard_.run();
  });
}

void ShardUnit::stop() {
  if (quic_ != nullptr)
    shard_.post([this] { quic_->close_all(http3_code::no_error, "the server has stopped"); });
  shard_.post(
      [this] { sessions_.drain(sessions_.open()); });  // they are told at the end of the turn
  shard_.post([this] { chat_.leave_fleet(shard_.now()); });
  shard_.stop();
  if (thread_.joinable()) thread_.join();
}

void ShardUnit::open_webtransport(int native_socket, std::size_t shards, const QuicRules& rules,
                                  const QuicSecrets& secrets, const QuicTls& tls) {
  quic_ = std::make_unique<QuicEndpoint>(shard_, native_socket, shards, rules, secrets, tls,
                                         wt_routes_);
  shard_.post([this] { quic_->start(); });
}

void ShardUnit::add(AcceptedSocket accepted) {
  ++given_;
  shard_.post([this, socket = std::move(accepted)]() mutable {
    taken_.add();
    connections_.add(std::move(socket));
  });
}

std::size_t ShardUnit::load() const {
  return shard_.stats().connections.read() + (given_ - taken_.read());
}

void ShardUnit::drain(Duration time) {
  shard_.post([this, time] { begin_drain(shard_.now().monotonic + time); });
}

void ShardUnit::begin_drain(TimePoint until) {
  drain_until_ = until;
  connections_.drain();
  if (quic_ != nullptr) quic_->drain();
  on_deadline(shard_.now());
}

void ShardUnit::on_deadline(Now now) {
  const Duration left = drain_until_ - now.monotonic;
  // The last step leaves the clients a moment to read their Close.
  const auto steps = static_cast<std::size_t>(std::max<std::int64_t>(1, left / drain_step - 4));
  const std::size_t count = (sessions_.open() + wt_sessions_.open() + steps - 1) / steps;
  const std::size_t over_websocket = std::min(count, sessions_.open());
  sessions_.drain(over_websocket);
  wt_sessions_.drain(count - over_websocket);
  drain_alarm_.set(now.monotonic + drain_step);
}

}  // namespace parley
