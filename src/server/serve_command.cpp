#include "server/serve_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "base/log.h"
#include "server/own_names.h"
#include "server/process.h"
#include "server/relay_server.h"
#include "server/version.h"

namespace parley {
namespace {

/// An IPv6 address stands in brackets there (RFC 3986 §3.2.2).
std::string in_url(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

/// The name by which this machine's own browser reaches a listener on `host`.
std::string reachable_host(const std::string& host) {
  if (host == "0.0.0.0" || host == "127.0.0.1" || host == "::" || host == "::1") return "localhost";
  return in_url(host);
}

/// What somebody who typed `parley dev` wants to know.
void print_welcome(const Config& config, const RelayServer& server, Duration took) {
  const std::string host = reachable_host(config.server.host);
  const auto milliseconds = std::chrono::duration_cast<Millis>(took).count();
  fmt::print("\nParley {} is ready ({} ms)\n\n", version().version, milliseconds);
  const std::string_view secure = config.tls.tcp ? "s" : "";
  fmt::print("  join          http{}://{}:{}/?room=demo\n", secure, host, server.port());
  if (is_wildcard(config.server.host))
    for (const std::string& address : interface_addresses())
      fmt::print("  from outside  http{}://{}:{}/?room=demo\n", secure, in_url(address),
                 server.port());
  fmt::print("  websocket     ws{}://{}:{}/lobby/<user>/<room>\n", secure, host, server.port());
  if (server.webtransport_port() != 0)
    fmt::print("  webtransport  https://{}:{}/lobby/<user>/<room>\n", host,
               server.webtransport_port());
  if (server.ops_port() != 0)
    fmt::print("  metrics       http://{}:{}/metrics\n", reachable_host(config.ops.host),
               server.ops_port());
  if (config.tls.tcp && config.tls.cert.empty())
    fmt::print("\nThe certificate is Parley's own: browsers warn of it once, and let you go on.\n");
  fmt::print("\nOpen the join link in two windows to see yourself twice. Ctrl-C ends.\n\n");
  std::fflush(stdout);
}

}  // namespace

std::optional<LoadedConfig> load_config_or_complain(Program program, const CommandLine& command) {
  auto loaded =
      load_config({program, command.config_file, process_environment(), command.settings});
  if (loaded) return std::move(*loaded);
  fmt::print(stderr, "{}\n", loaded.error().message);
  return std::nullopt;
}

int run_relay(Program program, const CommandLine& command) {
  const TimePoint begun = monotonic_now();
  const auto loaded = load_config_or_complain(program, command);
  if (!loaded) return 2;
  const Config& config = loaded->config;
  configure_log_from(config);
  for (const std::string& note : loaded->notes) log_warning(note);

  auto server = RelayServer::load(config);
  if (!server) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 1;
  }
  if (program == Program::parley_dev) print_welcome(config, **server, monotonic_now() - begun);
  log_info("listening", {{"host", config.server.host},
                         {"port", (*server)->port()},
                         {"tls", config.tls.tcp},
                         {"webtransport_port", (*server)->webtransport_port()},
                         {"ops_port", (*server)->ops_port()},
                         {"shards", config.server.shards},
                         {"bus", (*server)->bus_name()},
                         {"store", (*server)->store_name()},
                         {"page", (*server)->serves_page()},
                         {"path_endpoint", config.auth.path_endpoint_open()},
                         {"version", version().version}});
  return (*server)->run();
}

}  // namespace parley
