#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "server/config.h"
#include "server/config_file.h"
#include "server/config_values.h"

extern char** environ;

namespace parley {
namespace {

constexpr std::size_t secret_bytes_max = 4096;
// HS256 is as strong as its key up to the 256 bits of its hash.
constexpr std::size_t secret_bytes_advised = 32;

/// Text of a variable of the original's as text of our setting; nothing when it says nothing to us.
using Translation = std::optional<std::string> (*)(const std::string&);

std::optional<std::string> as_it_is(const std::string& text) { return text; }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The original takes 1, true and yes in any case for on, and everything else for off.
bool is_on(const std::string& text) {
  const std::string flag = lower(text);
  return flag == "1" || flag == "true" || flag == "yes";
}

std::optional<std::string> from_flag(const std::string& text) {
  return is_on(text) ? "true" : "false";
}

// A filter such as "info,some_module=debug": the level without a module is ours.
std::optional<std::string> from_log_filter(const std::string& text) {
  std::size_t start = 0;
  while (start <= text.size()) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string level = lower(text.substr(start, end - start));
    if (level == "debug" || level == "info" || level == "error") return level;
    if (level == "trace") return "debug";
    if (level == "warn" || level == "warning") return "warning";
    if (level == "off") return "error";
    start = end + 1;
  }
  return std::nullopt;
}

// The original gives whole seconds without their unit.
std::optional<std::string> from_seconds(const std::string& text) { return text + "s"; }

// The same where the original goes on with its default when it cannot read them.
std::optional<std::string> from_seconds_if_any(const std::string& text) {
  constexpr std::int64_t hour_of_seconds = 3600;
  const auto seconds = parse_number(text);
  if (!seconds || *seconds < 1 || *seconds > hour_of_seconds) return std::nullopt;
  return text + "s";
}

/// Which programs read a variable.
enum class Readers : std::uint8_t { all, with_websocket, webtransport_server };

bool reads(Program program, Readers readers) {
  const bool is_webtransport_server = program == Program::webtransport_server;
  return readers == Readers::all ||
         (readers == Readers::webtransport_server) == is_webtransport_server;
}

/// A variable of the original relays that sets one of our settings.
struct Alias {
  std::string_view variable;
  std::string_view setting;
  Translation translate;
  Readers readers = Readers::all;
};

constexpr auto aliases = std::to_array<Alias>({
    {"ACTIX_PORT", "server.port", as_it_is, Readers::with_websocket},
    {"CERT_PATH", "tls.cert", as_it_is, Readers::webtransport_server},
    {"KEY_PATH", "tls.key", as_it_is, Readers::webtransport_server},
    {"QUIC_MAX_IDLE_TIMEOUT_SECS", "webtransport.idle_timeout", from_seconds,
     Readers::webtransport_server},
    {"QUIC_KEEP_ALIVE_INTERVAL_SECS", "webtransport.keep_alive", from_seconds,
     Readers::webtransport_server},
    {"JWT_SECRET", "auth.jwt_secret", as_it_is},
    {"JWT_SECRET_FILE", "auth.jwt_secret_file", as_it_is},
    {"FEATURE_MEETING_MANAGEMENT", "auth.meeting_management", from_flag},
    {"NATS_URL", "bus.url", as_it_is},
    {"REGION", "diagnostics.region", as_it_is},
    {"SERVICE_TYPE", "diagnostics.service_type", as_it_is},
    {"SERVER_ID", "diagnostics.server_id", as_it_is},
    {"HOSTNAME", "diagnostics.instance", as_it_is},
    {"SERVER_STATS_INTERVAL_SECS", "diagnostics.interval", from_seconds_if_any},
    {"RUST_LOG", "log.level", from_log_filter},
});

/// A variable of the original's that is "host:port".
struct ListenAddress {
  std::string_view variable;
  std::string_view host;
  std::string_view port;
};

constexpr auto listen_addresses = std::to_array<ListenAddress>({
    {"LISTEN_URL", "webtransport.host", "webtransport.port"},
    {"HEALTH_LISTEN_URL", "server.host", "server.port"},
});

/// A variable of the original that is accepted and does nothing here.
struct Idle {
  std::string_view variable;
  std::string_view why;
};

constexpr std::string_view no_login =
    "is set, but the legacy login it belongs to is not offered: its paths answer 404";

constexpr auto idle_variables = std::to_array<Idle>({
    {"OAUTH_CLIENT_ID", no_login},
    {"OAUTH_AUTH_URL", no_login},
    {"OAUTH_TOKEN_URL", no_login},
    {"OAUTH_CLIENT_SECRET", no_login},
    {"OAUTH_REDIRECT_URL", no_login},
    {"UI_ENDPOINT", no_login},
    {"COOKIE_DOMAIN", no_login},
});

// An orchestrator gives every container variables about services near it. One for a service called
// "parley-server" looks like a setting of ours, and its value is an address.
bool is_service_link(const std::string& name, const std::string& value) {
  return value.find("://") != std::string::npos || name.find("_SERVICE_") != std::string::npos ||
         name.find("_TCP") != std::string::npos || name.find("_UDP") != std::string::npos;
}

/// One load, from the weakest source to the strongest.
class Loader {
 public:
  explicit Loader(const ConfigInputs& inputs) : inputs_(inputs) {
    loaded_.config = default_config(inputs.program);
    if (inputs.program == Program::parley_dev)
      loaded_.config.tls.self_signed_folder = state_folder();
  }

  Result<LoadedConfig> load() {
    for (const auto step :
         {&Loader::read_file, &Loader::read_aliases, &Loader::read_listen_addresses,
          &Loader::read_database, &Loader::read_environment, &Loader::read_command_line,
          &Loader::read_secret, &Loader::choose_store, &Loader::check_together}) {
      if (auto done = (this->*step)(); !done) return tl::unexpected(done.error());
    }
    add_notes();
    return std::move(loaded_);
  }

 private:
  // A variable that is empty counts as unset: that is how compose files leave one out.
  [[nodiscard]] std::string variable(std::string_view name) const {
    const auto found = inputs_.environment.find(std::string(name));
    return found == inputs_.environment.end() ? "" : found->second;
  }

  /// Where this user's programs keep what outlives them (XDG Base Directory Specification); empty
  /// when he has no home.
  [[nodiscard]] std::string state_folder() const {
    const std::string state = variable("XDG_STATE_HOME");
    const std::string home = variable("HOME");
    if (!state.empty()) return state + "/parley";
    return home.empty() ? "" : home + "/.local/state/parley";
  }

  Result<void> set(const Setting& setting, std::string_view text, ConfigSource source,
                   const std::string& who) {
    const auto set = set_setting(loaded_.config, setting, text);
    // A secret is not repeated, neither here nor anywhere else.
    if (!set) return fail(who + (setting.secret ? " cannot be used" : " " + set.error().message));
    note_source(setting.name, source);
    return {};
  }

  void note_source(std::string_view name, ConfigSource source) {
    loaded_.sources[std::string(name)] = source;
  }

  [[nodiscard]] ConfigSource source(std::string_view name) const {
    const auto found = loaded_.sources.find(name);
    return found == loaded_.sources.end() ? ConfigSource::defaults : found->second;
  }

  Result<void> read_file() {
    const std::string named = variable("PARLEY_CONFIG");
    const std::string path = inputs_.file.value_or(named);
    if (path.empty()) return {};
    return apply_config_file(path, loaded_.config, [this](std::string_view name) {
      note_source(name, ConfigSource::file);
    });
  }

  Result<void> read_aliases() {
    for (const auto& alias : aliases) {
      if (!reads(inputs_.program, alias.readers)) continue;
      const std::string text = variable(alias.variable);
      if (text.empty()) continue;
      const auto translated = alias.translate(text);
      if (!translated) continue;
      if (auto done = set(*find_setting(alias.setting), *translated, ConfigSource::environment,
                          std::string(alias.variable));
          !done)
        return done;
    }
    return {};
  }

  Result<void> read_listen_addresses() {
    if (inputs_.program != Program::webtransport_server) return {};
    for (const auto& address : listen_addresses) {
      const std::string text = variable(address.variable);
      if (text.empty()) continue;
      const std::string name(address.variable);
      const auto colon = text.rfind(':');
      std::string host = text.substr(0, colon);
      if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
      if (colon == std::string::npos || host.empty())
        return fail(name + " must be host:port, such as 0.0.0.0:4433, not " + in_quotes(text));
      for (const auto& [setting, part] :
           {std::pair(address.host, host), std::pair(address.port, text.substr(colon + 1))}) {
        if (auto done = set(*find_setting(setting), part, ConfigSource::environment,
                            "the part of " + name + " for " + std::string(setting));
            !done)
          return done;
      }
    }
    return {};
  }

  // The original looks at DATABASE_URL where DATABASE_ENABLED says so; `parley` unless that says
  // no.
  [[nodiscard]] bool is_database_enabled() const {
    const std::string text = variable("DATABASE_ENABLED");
    return text.empty() ? !is_drop_in(inputs_.program) : is_on(text);
  }

  Result<void> read_database() {
    const std::string url = variable("DATABASE_URL");
    if (url.empty() || !is_database_enabled()) return {};
    return set(*find_setting("store.url"), url, ConfigSource::environment, "DATABASE_URL");
  }

  Result<void> read_environment() {
    for (const auto& setting : settings()) {
      const std::string name = environment_name(setting);
      const std::string text = variable(name);
      if (text.empty()) continue;
      if (setting.name.ends_with(".port") && is_service_link(name, text)) {
        loaded_.notes.push_back(name + " is " + in_quotes(text) +
                                ", which an orchestrator has put there: it is not used");
        continue;
      }
      if (auto done = set(setting, text, ConfigSource::environment, name); !done) return done;
    }
    return {};
  }

  Result<void> read_command_line() {
    for (const auto& [name, text] : inputs_.command_line) {
      const Setting* setting = find_setting(name);
      if (setting == nullptr) return fail("there is no setting " + in_quotes(name));
      if (auto done = set(*setting, text, ConfigSource::command_line, "--" + name); !done)
        return done;
    }
    return {};
  }

  // The stronger of auth.jwt_secret and auth.jwt_secret_file wins; one source may give only one.
  Result<void> read_secret() {
    auto& auth = loaded_.config.auth;
    const ConfigSource by_file = source("auth.jwt_secret_file");
    const ConfigSource by_text = source("auth.jwt_secret");
    if (auth.jwt_secret_file.empty() || by_text > by_file) return {};
    if (by_text == by_file && !auth.jwt_secret.empty())
      return fail("auth.jwt_secret and auth.jwt_secret_file are both set: set one of them");
    auto text = read_text_file(auth.jwt_secret_file, secret_bytes_max);
    if (!text) return fail("auth.jwt_secret_file: " + text.error().message);
    while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
    if (text->empty()) return fail("auth.jwt_secret_file: " + auth.jwt_secret_file + " is empty");
    auth.jwt_secret = std::move(*text);
    return {};
  }

  // The drop-in servers stand in fleets where the flag alone only closes the path endpoint.
  Result<void> choose_store() {
    Config& config = loaded_.config;
    if (!config.auth.meeting_management || !config.store.url.empty() || is_drop_in(inputs_.program))
      return {};
    const std::string folder = state_folder();
    if (folder.empty())
      return fail(
          "auth.meeting_management is on, and there is no home directory to record meetings in: "
          "set store.url, such as sqlite:/var/lib/parley/meetings.db");
    config.store.url = "sqlite:" + folder + "/meetings.db";
    return {};
  }

  Result<void> check_together() {
    const Config& config = loaded_.config;
    if (config.ops.enabled && config.ops.port != 0 && config.ops.port == config.server.port)
      return fail("server.port and ops.port are both " + std::to_string(config.ops.port) +
                  ": give one of them another port");
    if (config.limits.ping_after >= config.limits.idle_timeout)
      return fail(
          "limits.ping_after must be shorter than limits.idle_timeout: a client needs time "
          "to answer");
    if (config.outbox.data_bytes > config.outbox.bytes)
      return fail("outbox.data_bytes must not be more than outbox.bytes, of which it is a part");
    const std::string& url = config.webtransport.public_url;
    const bool is_address = url.starts_with("https://") && std::ranges::all_of(url, [](char c) {
                              return c > ' ' && c < 0x7f && c != '"' && c != '\\';
                            });
    if (!url.empty() && !is_address)
      return fail("webtransport.public_url must be an address such as https://example.org:4433");
    if (config.tls.cert.empty() != config.tls.key.empty())
      return fail("tls.cert and tls.key belong together: set both or neither");
    if (config.bus.cert.empty() != config.bus.key.empty())
      return fail("bus.cert and bus.key belong together: set both or neither");
    if (!config.websocket.enabled && !config.webtransport.enabled)
      return fail("websocket.enabled and webtransport.enabled are both off: nobody could join");
    // `parley` makes a certificate that its own page trusts; here nobody would learn its hash.
    if (inputs_.program == Program::webtransport_server && config.tls.cert.empty())
      return fail(
          "no certificate: set CERT_PATH and KEY_PATH (tls.cert, tls.key); `parley cert create` "
          "makes a pair for trying out");
    if (config.auth.leeway % 1s != 0ms) return fail("auth.leeway must be whole seconds");
    return {};
  }

  void add_notes() {
    const bool drop_in = is_drop_in(inputs_.program);
    for (const auto& idle : idle_variables)
      if (drop_in && !variable(idle.variable).empty())
        loaded_.notes.push_back(std::string(idle.variable) + " " + std::string(idle.why));
    note_store();
    note_unknown_variables();

    const auto& auth = loaded_.config.auth;
    if (!auth.jwt_secret.empty() && auth.jwt_secret.size() < secret_bytes_advised)
      loaded_.notes.push_back("auth.jwt_secret is shorter than " +
                              std::to_string(secret_bytes_advised) +
                              " bytes: short keys of tokens can be guessed offline");
    if (auth.jwt_secret.empty() && !auth.path_endpoint_open())
      loaded_.notes.push_back(
          "nobody can enter: auth.jwt_secret is not set and /lobby/<user>/<room> is closed");
  }

  void note_store() {
    const Config& config = loaded_.config;
    if (!variable("DATABASE_URL").empty() && !is_database_enabled())
      loaded_.notes.push_back(
          "DATABASE_URL is set, but DATABASE_ENABLED is not on: it is not used");
    if (!config.auth.meeting_management && !config.store.url.empty())
      loaded_.notes.push_back(
          "store.url (DATABASE_URL) is set, but auth.meeting_management "
          "(FEATURE_MEETING_MANAGEMENT) "
          "is off: meetings have no hosts and are not recorded");
    if (config.auth.meeting_management && config.store.url.empty())
      loaded_.notes.push_back(
          "meeting management is on without a database (DATABASE_ENABLED and DATABASE_URL, or "
          "store.url): all it does is close /lobby/<user>/<room>");
  }

  void note_unknown_variables() {
    std::vector<std::string> known{"PARLEY_CONFIG"};
    for (const auto& setting : settings()) known.push_back(environment_name(setting));
    for (const auto& [name, value] : inputs_.environment) {
      if (!name.starts_with("PARLEY_") || is_service_link(name, value)) continue;
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      std::string note = name + " is set, but there is no such setting";
      if (const auto nearest = nearest_name(name, known))
        note += "; did you mean " + *nearest + "?";
      loaded_.notes.push_back(std::move(note));
    }
  }

  const ConfigInputs& inputs_;
  LoadedConfig loaded_;
};

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Result<LoadedConfig> load_config(const ConfigInputs& inputs) { return Loader(inputs).load(); }

}  // namespace parley
