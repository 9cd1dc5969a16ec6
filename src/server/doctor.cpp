#include "server/doctor.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "bench/json_text.h"
#include "server/config_values.h"
#include "wire/packet.h"

namespace parley {
namespace {

/// What a server opens beside its connections: standard streams, listeners, loops, NATS, files that
/// are read now and then.
constexpr std::uint64_t descriptors_apart = 128;
constexpr std::uint64_t descriptors_per_shard = 8;
/// With fewer not even a small meeting and its scrapers fit.
constexpr std::uint64_t descriptors_least = 256;
/// Renewal comes weeks before the end; who is this near to it has missed one.
constexpr auto certificate_rest_least = std::chrono::hours(7 * 24);
/// The largest packet with the stamp of its sender.
constexpr std::size_t payload_bytes_wanted = packet_bytes_max + packet_stamp_bytes_max;

Diagnosis well(std::string_view check, std::string says) {
  return {check, Finding::ok, std::move(says), {}};
}

Diagnosis warning(std::string_view check, std::string says, std::string remedy) {
  return {check, Finding::warning, std::move(says), std::move(remedy)};
}

Diagnosis problem(std::string_view check, std::string says, std::string remedy) {
  return {check, Finding::problem, std::move(says), std::move(remedy)};
}

std::string shown(UnixMillis time) {
  const auto seconds = static_cast<std::time_t>(time.count / 1000);
  return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(seconds));
}

std::string shown(const PortFacts& port) {
  const bool is_v6 = port.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", port.host, is_v6 ? "]" : "", port.port);
}

std::string shown(const Holder& holder) {
  return fmt::format("{} (process {})", holder.program, holder.pid);
}

std::string size_text(std::size_t bytes) { return format_size(static_cast<std::int64_t>(bytes)); }

/// One for each note on the settings, or one that says there are none.
std::vector<Diagnosis> check_settings(const LoadedConfig& loaded) {
  constexpr std::string_view check = "settings";
  if (loaded.notes.empty())
    return {
        well(check, fmt::format("{} set, all others at their defaults", loaded.sources.size()))};
  std::vector<Diagnosis> found;
  for (const std::string& note : loaded.notes)
    found.push_back(warning(check, note, "parley config print"));
  return found;
}

Diagnosis check_descriptors(const Config& config, const MachineFacts& facts) {
  constexpr std::string_view check = "descriptors";
  const std::uint64_t wanted =
      static_cast<std::uint64_t>(config.limits.connections_max) + descriptors_apart +
      descriptors_per_shard * static_cast<std::uint64_t>(config.server.shards);
  const std::uint64_t granted = facts.descriptors_max;
  const std::string whose = facts.running ? shown(*facts.running) : "a server started from here";
  if (granted >= wanted)
    return well(check, fmt::format("{} may open {} files; limits.connections_max takes {}", whose,
                                   granted, wanted));
  const std::string says = fmt::format(
      "{} may open {} files, but limits.connections_max takes {}: clients beyond "
      "that are turned away",
      whose, granted, wanted);
  const std::string remedy = fmt::format(
      "ulimit -n {0}, in a unit LimitNOFILE={0}, in a container --ulimit nofile={0}", wanted);
  return granted < descriptors_least ? problem(check, says, remedy) : warning(check, says, remedy);
}

Diagnosis check_udp_buffers(const Config& config, const UdpBufferFacts& udp) {
  constexpr std::string_view check = "udp buffers";
  if (!config.webtransport.enabled) return well(check, "not needed: webtransport.enabled is off");
  if (udp.receive >= udp.asked && udp.send >= udp.asked)
    return well(check, fmt::format("{} each way, as asked for", size_text(udp.asked)));
  const auto raise = [&udp](std::string_view name, std::size_t granted) {
    return granted >= udp.asked ? "" : fmt::format(" net.core.{}={}", name, udp.asked);
  };
  return warning(
      check,
      fmt::format("the kernel grants {} to receive and {} to send of the {} asked for: "
                  "datagrams are lost when many come at once",
                  size_text(udp.receive), size_text(udp.send), size_text(udp.asked)),
      fmt::format("sysctl -w{}{}", raise("rmem_max", udp.receive), raise("wmem_max", udp.send)));
}

Diagnosis check_taken_port(const PortFacts& port) {
  const std::string where = shown(port);
  if (port.holder && port.holder->is_relay())
    return well(port.check, fmt::format("{} listens on {}", shown(*port.holder), where));
  if (port.holder)
    return problem(port.check, fmt::format("{} listens on {}", shown(*port.holder), where),
                   "stop it, or choose another port");
  return problem(port.check, fmt::format("another process listens on {}", where),
                 fmt::format("sudo ss -lnp{} 'sport = :{}' shows which; as root this check knows",
                             port.is_udp ? "u" : "t", port.port));
}

Diagnosis check_port(const PortFacts& port) {
  if (port.port == 0) return well(port.check, fmt::format("any free one on {}", port.host));
  switch (port.state) {
    case PortState::free:
      return well(port.check, shown(port) + " is free");
    case PortState::taken:
      return check_taken_port(port);
    case PortState::forbidden:
      return problem(port.check,
                     fmt::format("{} needs a privilege, as all ports below 1024", shown(port)),
                     "in a unit AmbientCapabilities=CAP_NET_BIND_SERVICE with the same in "
                     "CapabilityBoundingSet, in a container --cap-add NET_BIND_SERVICE");
    case PortState::unusable:
      break;
  }
  return problem(port.check, fmt::format("{} cannot be listened on: {}", shown(port), port.why),
                 "ip address shows the addresses of this machine; 0.0.0.0 is all of them");
}

/// The host in "https://example.org:4433/path"; empty when there is none.
std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find_first_of(":/")));
}

/// Of one that could be read.
Diagnosis check_validity(const Config& config, const Certificate& certificate, UnixMillis now) {
  constexpr std::string_view check = "certificate";
  const std::string& file = config.tls.cert;
  const std::string renew = "renew it, then systemctl reload parley (SIGHUP reads it again)";
  if (now.count > certificate.not_after.count)
    return problem(check, fmt::format("{} ended on {}", file, shown(certificate.not_after)), renew);
  if (now.count < certificate.not_before.count)
    return problem(check,
                   fmt::format("{} begins on {}, and the clock says {}", file,
                               shown(certificate.not_before), shown(now)),
                   "timedatectl shows whether the clock is right");
  const std::chrono::milliseconds rest(certificate.not_after.count - now.count);
  if (rest < certificate_rest_least && certificate.life() > certificate_rest_least)
    return warning(check, fmt::format("{} ends on {}", file, shown(certificate.not_after)), renew);
  const bool is_hashed = certificate.is_ecdsa && certificate.life() <= hashed_life_max;
  if (config.webtransport.enabled && certificate.is_self_signed && !is_hashed)
    return warning(check,
                   file +
                       " is self-signed, and browsers take such a one over WebTransport only if "
                       "it is ECDSA and lives 14 days at most",
                   "parley cert create --replace --out FOLDER");
  const std::string host = host_of(config.webtransport.public_url);
  if (!host.empty() && !is_for(certificate, host))
    return warning(check,
                   fmt::format("{} is not for {}, which webtransport.public_url names but for {}",
                               file, host, certificate.names),
                   fmt::format("parley cert inspect {}", file));
  return well(check, fmt::format("{} is good until {}", file, shown(certificate.not_after)));
}

Diagnosis check_certificate(const Config& config, const MachineFacts& facts) {
  constexpr std::string_view check = "certificate";
  if (!config.webtransport.enabled && !config.tls.tcp)
    return well(check, "not needed: webtransport.enabled and tls.tcp are off");
  if (!facts.certificate) {
    const std::string& folder = config.tls.self_signed_folder;
    return well(check, folder.empty() ? "a self-signed one, made anew at each start"
                                      : "a self-signed one, kept in " + folder);
  }
  const Result<Certificate>& certificate = *facts.certificate;
  if (!certificate)
    return problem(check, certificate.error().message,
                   fmt::format("ls -l {} {} shows whether the server's user may read them",
                               config.tls.cert, config.tls.key));
  return check_validity(config, *certificate, facts.now);
}

Diagnosis check_clock(const MachineFacts& facts) {
  constexpr std::string_view check = "clock";
  constexpr std::string_view remedy = "timedatectl set-ntp true";
  if (facts.built && facts.now.count < facts.built->count)
    return problem(check,
                   fmt::format("it says {}, but this program was built on {}", shown(facts.now),
                               shown(*facts.built)),
                   std::string(remedy));
  if (facts.clock_is_kept && !*facts.clock_is_kept)
    return warning(check,
                   fmt::format("{}, but the kernel knows nobody who keeps it right: tokens and "
                               "certificates go by it",
                               shown(facts.now)),
                   std::string(remedy));
  return well(check, shown(facts.now));
}

Diagnosis check_nats(const Config& config, const MachineFacts& facts) {
  constexpr std::string_view check = "nats";
  if (!facts.nats) return well(check, "not asked for: bus.url is empty, this server is alone");
  const Result<NatsFacts>& nats = *facts.nats;
  if (!nats)
    return problem(check, nats.error().message,
                   config.bus.required ? "systemctl status nats-server; the server does not start "
                                         "without it"
                                       : "systemctl status nats-server; until then the server is "
                                         "alone");
  if (nats->payload_bytes_max < payload_bytes_wanted)
    return warning(check,
                   fmt::format("{} takes messages of {}, and packets may have {}: larger ones stay "
                               "on their server",
                               nats->server, size_text(nats->payload_bytes_max),
                               size_text(payload_bytes_wanted)),
                   "max_payload: 8MB in nats-server.conf, then nats-server --signal reload");
  return well(check, fmt::format("{} takes messages of {}", nats->server,
                                 size_text(nats->payload_bytes_max)));
}

Diagnosis check_database(const MachineFacts& facts) {
  constexpr std::string_view check = "database";
  if (!facts.database) return well(check, "not asked for: meetings are not recorded");
  const Result<DatabaseFacts>& database = *facts.database;
  if (!database) return problem(check, database.error().message, "parley db status");
  const SchemaStatus& schema = database->schema;
  if (!schema.is_ready())
    return warning(check,
                   fmt::format("{} has tables of version {}, and this program makes {}",
                               database->name, schema.version, schema_version),
                   "parley db migrate, or let the server do it at its start");
  return well(check, fmt::format("{} has its tables in {}, version {}", database->name,
                                 schema.place, schema.version));
}

std::string_view word_for(Finding finding) {
  constexpr std::array<std::string_view, 3> words = {"ok", "warning", "problem"};
  return words[static_cast<std::size_t>(finding)];
}

auto count_of(const std::vector<Diagnosis>& diagnoses, Finding finding) {
  return std::ranges::count(diagnoses, finding, &Diagnosis::finding);
}

std::string amount(std::ptrdiff_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

bool Holder::is_relay() const {
  return program == "parley" || program == "websocket_server" || program == "webtransport_server";
}

std::vector<Diagnosis> diagnose(const LoadedConfig& loaded, const MachineFacts& facts) {
  const Config& config = loaded.config;
  std::vector<Diagnosis> found = check_settings(loaded);
  found.push_back(check_descriptors(config, facts));
  found.push_back(check_udp_buffers(config, facts.udp_buffers));
  for (const PortFacts& port : facts.ports) found.push_back(check_port(port));
  found.push_back(check_certificate(config, facts));
  found.push_back(check_clock(facts));
  found.push_back(check_nats(config, facts));
  found.push_back(check_database(facts));
  return found;
}

bool is_content(const std::vector<Diagnosis>& diagnoses) {
  return count_of(diagnoses, Finding::problem) == 0;
}

std::string diagnoses_text(const std::vector<Diagnosis>& diagnoses) {
  std::string text;
  for (const Diagnosis& one : diagnoses) {
    text += fmt::format("{:<8} {:<12} {}", word_for(one.finding), one.check, one.says);
    if (!one.remedy.empty()) text += "; do: " + one.remedy;
    text += "\n";
  }
  const auto problems = count_of(diagnoses, Finding::problem);
  const auto warnings = count_of(diagnoses, Finding::warning);
  if (problems == 0 && warnings == 0) return text + "\nAll is well.\n";
  return text +
         fmt::format("\n{}, {}.\n", amount(problems, "problem"), amount(warnings, "warning"));
}

std::string diagnoses_json(const std::vector<Diagnosis>& diagnoses) {
  bench::JsonText json;
  json.open_object();
  json.boolean("content", is_content(diagnoses));
  json.open_list("checks");
  for (const Diagnosis& one : diagnoses) {
    json.open_object();
    json.text("check", one.check);
    json.text("finding", word_for(one.finding));
    json.text("says", one.says);
    json.text("remedy", one.remedy);
    json.close_object();
  }
  json.close_list();
  json.close_object();
  return json.take() + "\n";
}

}  // namespace parley
