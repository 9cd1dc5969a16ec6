#include "server/metrics_command.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string_view>

#include "base/log.h"
#include "bus/nats_client.h"
#include "server/config_values.h"
#include "server/metrics_server.h"
#include "server/nats_rules.h"
#include "server/process.h"
#include "wire/diagnostics_subject.h"

namespace parley {
namespace {

constexpr int usage_error = 2;
constexpr std::string_view default_nats_url = "nats://nats:4222";
constexpr std::string_view url_help =
    "NATS servers to listen to, several with commas between; a user and password may stand in them";
constexpr auto relay_settings = std::to_array<std::string_view>(
    {"bus.url", "bus.credentials", "bus.ca", "bus.cert", "bus.key", "log.level", "log.format"});

tl::unexpected<CommandExit> refuse(std::string message) {
  return tl::unexpected(CommandExit{usage_error, std::move(message) + "\n"});
}

Result<std::uint16_t> parse_port(std::string_view who, std::string_view text) {
  const auto port = parse_number(text);
  if (port && *port >= 0 && *port <= 65535) return static_cast<std::uint16_t>(*port);
  return fail(fmt::format("{} must be a number from 0 to 65535, not {}", who, in_quotes(text)));
}

/// What NATS brings, and how it is with NATS.
class BusListener final : private NatsEvents {
 public:
  BusListener(const Config::Bus& bus, MetricsServer& server)
      : server_(server), rules_(nats_rules(bus, "parley metrics")) {}

  ~BusListener() { is_ending_ = true; }
  BusListener(const BusListener&) = delete;
  BusListener& operator=(const BusListener&) = delete;

  /// Once a second: tries to reach NATS until that has succeeded; then the connection is kept.
  void tick() {
    if (client_ == nullptr) reach();
    server_.set_connected(client_ != nullptr && client_->connected());
    std::uint64_t lost = 0;
    for (const auto& subscription : subscriptions_)
      if (subscription != nullptr) lost += subscription->lost();
    server_.set_lost(lost);
  }

 private:
  static constexpr std::array subjects = {health_subjects, connection_subjects};

  using Subscriptions = std::array<std::unique_ptr<NatsClient::Subscription>, subjects.size()>;

  void reach() {
    if (const auto listening = listen(); !listening) {
      if (!std::exchange(has_complained_, true))
        log_warning("NATS cannot be reached; trying again every second",
                    {{"why", listening.error().message}});
      return;
    }
    log_info("listening to NATS", {{"server", client_->server()}});
  }

  Result<void> listen() {
    auto client = NatsClient::connect(rules_, *this);
    if (!client) return tl::unexpected(client.error());
    Subscriptions subscriptions;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      auto subscription =
          (*client)->subscribe(std::string(subjects[i]), [this](const NatsMessage& message) {
            server_.on_message(message.subject, message.payload, {monotonic_now(), unix_now()});
          });
      if (!subscription) return tl::unexpected(subscription.error());
      subscriptions[i] = std::move(*subscription);
    }
    // Who reads that we are connected may count on being heard from then on.
    (*client)->flush(1s);
    client_ = std::move(*client);
    subscriptions_ = std::move(subscriptions);
    return {};
  }

  void on_reconnected() override { log_info("NATS is back"); }
  void on_disconnected() override {
    if (!is_ending_) log_warning("NATS is gone; trying to reach it again");
  }
  void on_slow_consumer() override {}  // tick() counts what is lost

  MetricsServer& server_;
  const NatsRules rules_;
  bool has_complained_ = false;
  std::atomic<bool> is_ending_{false};
  std::unique_ptr<NatsClient> client_;
  Subscriptions subscriptions_;  // last: goes before the client
};

/// The signal that ends the process.
int listen_until_signal(BusListener& bus) {
  const sigset_t signals = ending_signals();
  const timespec second{1, 0};
  for (;;) {
    bus.tick();
    const int signal = sigtimedwait(&signals, nullptr, &second);
    if (signal > 0) return signal;
  }
}

}  // namespace

Result<MetricsOptions, CommandExit> parse_metrics_arguments(std::span<const std::string> arguments,
                                                            const Environment& environment) {
  MetricsOptions options;
  ConfigInputs inputs{Program::parley_serve, {}, environment, {}};
  std::optional<std::string> port;

  CLI::App app("Show Prometheus what the servers on a NATS and their clients tell of themselves",
               "parley metrics");
  app.get_formatter()->column_width(44);
  app.add_option("--host", options.host, "Address to listen on; whoever reaches it sees who meets")
      ->type_name("TEXT [" + options.host + "]");
  app.add_option("--port", port, "TCP port with /metrics and /health; 0 takes any free one")
      ->type_name("PORT [" + std::to_string(options.port) + ", or METRICS_PORT]");
  app.add_option("--ready-fd", options.ready_fd)->group("");
  app.add_option("--config", inputs.file, "File with settings (TOML)")->type_name("FILE");
  for (const std::string_view name : relay_settings) {
    const auto add = [&inputs, name](const std::string& text) {
      inputs.command_line.emplace_back(name, text);
    };
    const bool is_url = name == "bus.url";
    app.add_option_function<std::string>(
           "--" + std::string(name) + (is_url ? ",--nats-url" : ""), add,
           is_url ? std::string(url_help) : std::string(find_setting(name)->help))
        ->type_name(is_url ? fmt::format("TEXT [{}, or NATS_URL]", default_nats_url) : "TEXT");
  }
  std::vector<std::string> words(arguments.rbegin(), arguments.rend());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return tl::unexpected(CommandExit{0, app.help()});
  } catch (const CLI::ParseError& error) {
    return refuse(fmt::format("parley metrics: {}\nSee --help.", error.what()));
  }

  const auto variable = environment.find("METRICS_PORT");
  const bool has_variable = variable != environment.end() && !variable->second.empty();
  if (port || has_variable) {
    const auto parsed =
        port ? parse_port("--port", *port) : parse_port("METRICS_PORT", variable->second);
    if (!parsed) return refuse(parsed.error().message);
    options.port = *parsed;
  }
  auto loaded = load_config(inputs);
  if (!loaded) return refuse(loaded.error().message);
  options.config = std::move(loaded->config);
  if (options.config.bus.url.empty()) options.config.bus.url = default_nats_url;
  return options;
}

int run_metrics_command(const std::vector<std::string>& arguments) {
  const auto options = parse_metrics_arguments(arguments, process_environment());
  if (!options) {
    std::fputs(options.error().text.c_str(), options.error().code == 0 ? stdout : stderr);
    return options.error().code;
  }
  configure_log_from(options->config);
  block_signals(ending_signals());

  auto server = MetricsServer::open(options->host, options->port);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 1;
  }
  log_info("listening", {{"host", options->host},
                         {"port", (*server)->port()},
                         {"nats", without_secrets(options->config.bus.url)}});
  write_ready_line(options->ready_fd, fmt::format("{{\"http\":{}}}\n", (*server)->port()));
  BusListener bus(options->config.bus, **server);
  const int signal = listen_until_signal(bus);
  log_info("stopped", {{"signal", std::string("SIG") + sigabbrev_np(signal)}});
  return 0;
}

}  // namespace parley
