#include "server/doctor_command.h"

#include <sys/timex.h>

#include <ctime>
#include <memory>
#include <ostream>

#include "base/log.h"
#include "bus/nats_client.h"
#include "quic/quic_endpoint.h"
#include "server/doctor_ports.h"
#include "server/nats_rules.h"
#include "server/version.h"

namespace parley {
namespace {

/// When this program was built; nothing when that is not known.
std::optional<UnixMillis> built_at() {
  std::tm when{};
  const std::string text(version().build_timestamp);
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &when) == nullptr) return std::nullopt;
  return UnixMillis{static_cast<std::uint64_t>(::timegm(&when)) * 1000};
}

/// Whether something sets the clock right, as the kernel has it (adjtimex(2)).
std::optional<bool> clock_is_kept() {
  timex nothing_changes{};
  if (::adjtimex(&nothing_changes) < 0) return std::nullopt;
  return (nothing_changes.status & STA_UNSYNC) == 0;
}

std::vector<PortFacts> ports_of(const Config& config) {
  std::vector<PortFacts> ports;
  ports.push_back({"tcp port", false, config.server.host, config.server.port});
  if (config.webtransport.enabled) {
    const std::string& host = config.webtransport.host;
    ports.push_back(
        {"udp port", true, host.empty() ? config.server.host : host, config.webtransport.port});
  }
  if (config.ops.enabled) ports.push_back({"ops port", false, config.ops.host, config.ops.port});
  for (PortFacts& port : ports) probe_port(port);
  return ports;
}

/// Nobody listens to what happens during so short a visit.
struct Visitor final : NatsEvents {
  void on_reconnected() override {}
  void on_disconnected() override {}
  void on_slow_consumer() override {}
};

Result<NatsFacts> ask_nats(const Config::Bus& bus) {
  Visitor visitor;
  auto client = NatsClient::connect(nats_rules(bus, "parley doctor"), visitor);
  if (!client) return tl::unexpected(client.error());
  return NatsFacts{(*client)->server(), (*client)->payload_bytes_max()};
}

Result<DatabaseFacts> ask_database(const std::string& url) {
  const auto database = open_store(url);
  if (!database) return tl::unexpected(database.error());
  auto schema = (*database)->status();
  if (!schema) return fail((*database)->name() + ": " + schema.error().message);
  return DatabaseFacts{(*database)->name(), std::move(*schema)};
}

}  // namespace

MachineFacts examine_machine(const Config& config) {
  MachineFacts facts;
  facts.now = unix_now();
  facts.built = built_at();
  facts.clock_is_kept = clock_is_kept();
  facts.udp_buffers = probe_udp_buffers(QuicRules{}.socket_buffer);
  facts.ports = ports_of(config);
  for (const PortFacts& port : facts.ports)
    if (port.holder && port.holder->is_relay()) facts.running = port.holder;
  facts.descriptors_max =
      facts.running ? descriptors_max_of(*facts.running) : descriptors_max_here();
  if (!config.tls.cert.empty())
    facts.certificate = load_certificate(config.tls.cert, config.tls.key);
  if (!config.bus.url.empty()) facts.nats = ask_nats(config.bus);
  if (!config.store.url.empty()) facts.database = ask_database(config.store.url);
  return facts;
}

int run_doctor(const CommandLine& command, const Environment& environment, std::ostream& out) {
  // What the parts it asks would say to a log, the diagnoses say.
  configure_log(LogLevel::error, LogFormat::text);
  std::vector<Diagnosis> diagnoses;
  const auto loaded =
      load_config({command.doctor.program, command.config_file, environment, command.settings});
  if (loaded) {
    diagnoses = diagnose(*loaded, examine_machine(loaded->config));
  } else {
    diagnoses.push_back({"settings", Finding::problem, loaded.error().message,
                         "correct it: no server starts with it"});
  }
  out << (command.doctor.json ? diagnoses_json(diagnoses) : diagnoses_text(diagnoses));
  return is_content(diagnoses) ? 0 : 1;
}

}  // namespace parley
