#include "server/relay_server.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <filesystem>

#include "base/log.h"
#include "server/bus_cells.h"
#include "server/nats_rules.h"
#include "server/own_names.h"
#include "server/process.h"
#include "server/version.h"

namespace parley {
namespace {

/// Where the page's folders `demo` and `client` stand: given, beside the sources this binary was
/// built from, or installed.
std::optional<std::filesystem::path> find_page(const std::string& given) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto holds_page = [&ignored](const fs::path& place) {
    return fs::exists(place / "demo" / "index.html", ignored) &&
           fs::exists(place / "client" / "index.js", ignored);
  };
  if (!given.empty()) return holds_page(given) ? std::optional<fs::path>(given) : std::nullopt;
  fs::path place = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  for (int up = 0; up < 4; ++up, place = place.parent_path())
    if (holds_page(place)) return place;
  const fs::path installed = "/usr/share/parley";
  return holds_page(installed) ? std::optional(installed) : std::nullopt;
}

CertificateRules certificate_rules(const Config& config) {
  CertificateRules rules;
  rules.chain_file = config.tls.cert;
  rules.key_file = config.tls.key;
  rules.self_signed_folder = config.tls.self_signed_folder;
  rules.names = own_names(config.server.host);
  return rules;
}

QuicRules quic_rules(const Config& config) {
  // Shards run side by side, but what a crowd of clients may cost is the process's.
  constexpr std::size_t least = 16;
  const auto shards = static_cast<std::size_t>(config.server.shards);
  QuicRules rules;
  rules.idle_timeout = config.webtransport.idle_timeout;
  rules.keep_alive = config.webtransport.keep_alive;
  rules.video_hold = config.webtransport.video_hold;
  rules.connections_max = static_cast<std::size_t>(config.limits.connections_max) / shards;
  for (std::size_t* bound :
       {&rules.retry_above, &rules.false_starts_max, &rules.half_open_usual, &rules.half_open_max})
    *bound = std::max(*bound / shards, least);
  return rules;
}

NatsBusRules bus_rules(const Config& config) {
  NatsBusRules rules;
  rules.nats = nats_rules(config.bus, "parley");
  rules.publishes_always = config.bus.publish == BusPublish::always;
  rules.gather = config.bus.gather;
  rules.queue_bytes = config.bus.queue_bytes;
  return rules;
}

/// Under which names this server speaks to those who watch.
ServerPlace place_of(const Config& config, const std::string& instance) {
  const Config::Diagnostics& names = config.diagnostics;
  ServerPlace place{names.region, names.service_type, instance};
  if (place.service_type.empty())
    place.service_type = config.websocket.enabled ? "websocket" : "webtransport";
  for (const std::string* const next : {&names.instance, &names.server_id})
    if (place.instance.empty()) place.instance = *next;
  if (!place.instance.empty()) return place;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) place.instance = name.data();
  return place;
}

/// Another one with each start: what was said of the last run is not said of this one.
InstanceId random_instance() {
  InstanceId id;
  check(::getrandom(&id.value, sizeof id.value, 0) == sizeof id.value,
        "the system has no random numbers");
  return id;
}

RouteRules route_rules(const Config& config) {
  RouteRules rules;
  rules.lobby.token.secret = config.auth.jwt_secret;
  rules.lobby.token.issuer = config.auth.issuer;
  rules.lobby.token.leeway = std::chrono::duration_cast<std::chrono::seconds>(config.auth.leeway);
  rules.lobby.path_endpoint_open = config.auth.path_endpoint_open();
  rules.sessions_max = static_cast<std::size_t>(config.limits.sessions_max);
  rules.websocket = config.websocket.enabled;
  rules.service = config.websocket.enabled ? websocket_service : webtransport_service;
  return rules;
}

ShardRules shard_rules(const Config& config) {
  ShardRules rules;
  SessionSettings& session = rules.websocket.session;
  session.outbox.bytes = config.outbox.bytes;
  session.outbox.video_age = config.outbox.video_age;
  session.outbox.audio_age = config.outbox.audio_age;
  session.outbox.data_bytes = config.outbox.data_bytes;
  session.idle_timeout = config.limits.idle_timeout;
  session.stall_timeout = config.outbox.stall_timeout;
  rules.webtransport.session = session;
  rules.websocket.ping_after = config.limits.ping_after;
  rules.websocket.notsent_lowat = config.websocket.notsent_lowat;
  rules.partial.bytes_max =
      config.limits.partial_bytes / static_cast<std::size_t>(config.server.shards);
  rules.partial.message_bytes_max = packet_headroom + packet_bytes_max + packet_stamp_bytes_max;
  rules.partial.time = config.limits.partial_time;
  rules.http.header_bytes_max = config.limits.header_bytes;
  rules.http.header_timeout = config.limits.handshake_timeout;
  rules.http.idle_timeout = config.limits.keep_alive;
  rules.http.connections_max = static_cast<std::size_t>(config.limits.connections_max);
  rules.mailbox_bytes = config.mailbox.bytes;
  return rules;
}

}  // namespace

Result<std::unique_ptr<RelayServer>> RelayServer::load(const Config& config) {
  sigset_t signals = ending_signals();
  sigaddset(&signals, SIGHUP);
  block_signals(signals);  // run() alone takes them
  give_memory_back();

  std::unique_ptr<Database> database;
  if (config.records_meetings()) {
    auto opened = open_store(config.store.url);
    if (!opened) return fail("store.url: " + opened.error().message);
    database = std::move(*opened);
  }
  std::unique_ptr<RelayServer> server(new RelayServer(config, std::move(database)));
  if (auto page = server->load_page(); !page) return tl::unexpected(page.error());
  if (auto bus = server->open_bus(); !bus) return tl::unexpected(bus.error());
  if (auto ports = server->open_ports(); !ports) return tl::unexpected(ports.error());
  return server;
}

RelayServer::RelayServer(const Config& config, std::unique_ptr<Database> database)
    : config_(config),
      rules_(route_rules(config)),
      certificates_(certificate_rules(config)),
      quic_rules_(quic_rules(config)),
      bus_(static_cast<ShardIndex>(config.server.shards)),
      metrics_({std::string(version().version), std::string(version().git_sha)}),
      ops_routes_(metrics_, health_, rules_.service) {
  const InstanceId self = random_instance();
  if (!config.bus.url.empty()) fleet_ = std::make_unique<NatsBus>(bus_rules(config), self);
  if (database != nullptr)
    recorder_ =
        std::make_unique<MeetingRecorder>(std::move(database), fmt::format("{:016x}", self.value),
                                          static_cast<std::size_t>(config.store.connections), bus_);
  ShardRules rules = shard_rules(config);
  rules.around = {fleet_.get(), recorder_.get(), config.auth.close_ended_meetings};
  if (fleet_ != nullptr) {
    rules.diagnostics.sink = fleet_.get();
    rules.diagnostics.recent = &recent_;
    rules.diagnostics.connections = {place_of(config, config.diagnostics.instance),
                                     config.diagnostics.interval};
    rules.diagnostics.health = place_of(config, config.diagnostics.server_id);
  }
  if (config.tls.tcp) rules.http.tls = &tcp_tls_;
  for (int i = 0; i < config.server.shards; ++i) {
    units_.push_back(std::make_unique<ShardUnit>(static_cast<ShardIndex>(i), bus_, rules, rules_,
                                                 health_, census_));
    ShardUnit& unit = *units_.back();
    bus_.connect(unit.shard(), unit.chat());
    if (fleet_ != nullptr) fleet_->connect(unit.shard(), unit.chat());
    census_.add(unit.shard().stats());
    metrics_.add(unit.shard().stats(), unit.refusals());
    if (unit.health() != nullptr) metrics_.add(health_cells(*unit.health()));
  }
  if (recorder_ != nullptr) metrics_.add(recorder_->cells());
  admission_ = std::make_unique<Admission>(
      units_.front()->shard(), census_,
      AdmissionRules{static_cast<std::size_t>(config.limits.connections_max),
                     static_cast<std::size_t>(config.limits.connections_per_address)});
}

RelayServer::~RelayServer() {
  for (auto& unit : units_) unit->stop();
  if (fleet_ != nullptr) fleet_->stop();
  if (recorder_ != nullptr) recorder_->stop();  // whose threads speak through the bus
  bus_.disconnect();
  // What stands on shard 0 goes before it.
  listener_.reset();
  ops_listener_.reset();
  ops_connections_.reset();
  // The last shard first: what ends on the others gives its place back to the first one.
  while (!units_.empty()) units_.pop_back();
}

Result<void> RelayServer::load_page() {
  if (!config_.demo.enabled) return {};
  const auto place = find_page(config_.demo.directory);
  if (!place)
    return fail(fmt::format(
        "the page is not in {}: demo.directory must name a folder with demo/ and client/ in it",
        config_.demo.directory.empty() ? "any of the usual places" : config_.demo.directory));
  const std::array<StaticFolder, 2> folders = {
      StaticFolder{"/client/", (*place / "client").string()},
      StaticFolder{"/", (*place / "demo").string()}};
  auto page = StaticFiles::load(folders);
  if (!page) return tl::unexpected(page.error());
  rules_.page = std::move(*page);
  return {};
}

Result<void> RelayServer::open_bus() {
  if (fleet_ == nullptr) return {};
  metrics_.add(bus_cells(fleet_->stats()));
  auto opened = fleet_->open();
  if (opened || config_.bus.required) return opened;
  log_warning("this server is alone until NATS can be reached", {{"why", opened.error().message}});
  return {};
}

Result<void> RelayServer::open_ports() {
  Shard& first = units_.front()->shard();
  auto listener = HttpListener::open(first, config_.server.host, config_.server.port,
                                     [this](int native_socket, std::string remote_address) {
                                       hand_over(native_socket, std::move(remote_address));
                                     });
  if (!listener) return tl::unexpected(listener.error());
  listener_ = std::move(*listener);
  if (auto opened = open_certificate(); !opened) return opened;
  if (auto opened = open_webtransport(); !opened) return opened;
  return config_.ops.enabled ? open_ops_port() : Result<void>{};
}

Result<void> RelayServer::open_certificate() {
  if (!shows_certificate()) return {};
  if (auto opened = certificates_.open(unix_now()); !opened) return opened;
  metrics_.add(certificates_.cells());
  const auto show_to = [this](auto& tls) {
    return certificates_.watch([&tls](const Certificate& certificate) {
      return tls.load(certificate.chain_pem, certificate.key_pem);
    });
  };
  if (config_.webtransport.enabled)
    if (auto shown = show_to(tls_); !shown) return shown;
  return config_.tls.tcp ? show_to(tcp_tls_) : Result<void>{};
}

Result<void> RelayServer::open_webtransport() {
  if (!config_.webtransport.enabled) return {};
  const std::string& host =
      config_.webtransport.host.empty() ? config_.server.host : config_.webtransport.host;
  auto sockets = open_udp_sockets(host, config_.webtransport.port, units_.size(), quic_rules_);
  if (!sockets) return tl::unexpected(sockets.error());
  udp_ = std::move(*sockets);
  rules_.certificates = &certificates_;
  rules_.webtransport_port = udp_.port;
  rules_.webtransport_url = config_.webtransport.public_url;
  for (std::size_t i = 0; i < units_.size(); ++i)
    units_[i]->open_webtransport(udp_.native[i], units_.size(), quic_rules_, quic_secrets_, tls_);
  for (const auto& unit : units_) metrics_.add(unit->webtransport_cells());
  return {};
}

Result<void> RelayServer::open_ops_port() {
  Shard& first = units_.front()->shard();
  HttpRules rules;
  rules.cors = false;
  rules.connections_max = 100;  // a few scrapers and an operator
  ops_connections_ = std::make_unique<HttpConnections>(first, ops_routes_, rules);
  auto ops = HttpListener::open(
      first, config_.ops.host, config_.ops.port,
      [this](int native_socket, std::string remote_address) {
        ops_connections_->add({native_socket, std::move(remote_address), {}, {}});
      });
  if (!ops) return tl::unexpected(ops.error());
  ops_listener_ = std::move(*ops);
  return {};
}

void RelayServer::hand_over(int native_socket, std::string remote_address) {
  // Places that were given back before this client came are free.
  units_.front()->shard().run_posted();
  const auto least = std::ranges::min_element(
      units_, {}, [](const std::unique_ptr<ShardUnit>& unit) { return unit->load(); });
  (*least)->add(admission_->admit(native_socket, std::move(remote_address)));
}

int RelayServer::run() {
  units_.front()->shard().post([this] {
    listener_->start();
    if (ops_listener_ != nullptr) ops_listener_->start();
  });
  for (auto& unit : units_) unit->start();
  if (fleet_ != nullptr) fleet_->start();
  health_.set(Health::Phase::ready);
  announce_ready();

  const int signal = wait_for_end();
  log_info("shutting down",
           {{"signal", std::string("SIG") + sigabbrev_np(signal)},
            {"sessions", census_.sessions()},
            {"drain_seconds", static_cast<double>(config_.server.drain_time.count()) / 1000.0}});
  drain();
  const auto cut = census_.sessions();
  for (auto& unit : units_) unit->stop();
  if (fleet_ != nullptr) fleet_->stop();
  log_info("stopped", {{"sessions_cut", cut}});
  return 0;
}

int RelayServer::wait_for_end() {
  sigset_t signals = ending_signals();
  sigaddset(&signals, SIGHUP);
  const timespec certificate_check{60, 0};
  const bool has_terminal = ::isatty(STDIN_FILENO) != 0;  // which is asked before it may be gone
  for (;;) {
    const int signal = sigtimedwait(&signals, nullptr, &certificate_check);
    if (signal == SIGINT || signal == SIGTERM) return signal;
    if (signal == SIGHUP && config_.tls.cert.empty()) {
      if (has_terminal) return signal;  // which is gone
      log_info("there is nothing to read again: tls.cert is not set");
      continue;
    }
    if (!shows_certificate()) continue;
    auto done = signal == SIGHUP ? certificates_.reload() : certificates_.tick(unix_now());
    if (!done)
      log_error("the certificate stays as it was", {{"why", done.error().message}});
    else if (signal == SIGHUP)
      log_info("the certificate was read again", {{"file", config_.tls.cert}});
  }
}

void RelayServer::drain() {
  health_.set(Health::Phase::draining);
  if (recorder_ != nullptr) recorder_->let_go();
  for (auto& unit : units_) unit->drain(config_.server.drain_time);
  TimePoint until = monotonic_now() + config_.server.drain_time;
  bool waits_for_sessions = true;
  const sigset_t signals = ending_signals();
  const timespec step{0, 10'000'000};
  while (monotonic_now() < until && (census_.sessions() > 0 || census_.connections() > 0)) {
    if (sigtimedwait(&signals, nullptr, &step) > 0) return;  // a second signal: at once
    // A session's connection lives a little longer than the session: until its Close is read. A
    // scraper's lives as long as it likes.
    if (waits_for_sessions && census_.sessions() == 0) {
      waits_for_sessions = false;
      until = std::min(until, monotonic_now() + WsRules{}.linger);
    }
  }
}

void RelayServer::announce_ready() const {
  write_ready_line(config_.server.ready_fd,
                   fmt::format("{{\"http\":{},\"ops\":{},\"webtransport\":{}}}\n", port(),
                               ops_port(), webtransport_port()));
}

}  // namespace parley
