#include "server/config.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "server/config_values.h"

namespace parley {
namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::int64_t gib = 1024 * mib;
constexpr std::int64_t second = 1000;
constexpr std::int64_t hour = 3600 * second;
constexpr std::int64_t one_million = 1'000'000;

constexpr Setting with_flag(std::string_view flag, Setting setting) {
  setting.flag = flag;
  return setting;
}

constexpr Setting secret(Setting setting) {
  setting.secret = true;
  return setting;
}

constexpr Setting hidden(Setting setting) {
  setting.hidden = true;
  return setting;
}

constexpr auto table = std::to_array<Setting>({
    with_flag(
        "host",
        {"server.host", +[](Config& c) -> std::string& { return c.server.host; },
         "Address to listen on; 0.0.0.0 is every IPv4 address, :: every address of this machine"}),
    with_flag("port", {"server.port", +[](Config& c) -> std::uint16_t& { return c.server.port; },
                       "TCP port for clients; 0 takes any free one", 0, 65535}),
    with_flag("shards",
              {"server.shards", +[](Config& c) -> int& { return c.server.shards; },
               "Event loops, each on a thread of its own; rooms span all of them", 1, 64}),
    {"server.drain_time", +[](Config& c) -> Millis& { return c.server.drain_time; },
     "How long sessions are told to leave, one after another, before the process ends", 0, hour},
    hidden({"server.ready_fd", +[](Config& c) -> int& { return c.server.ready_fd; },
            "Descriptor that gets one line of JSON with the open ports; -1 is none", -1,
            one_million}),

    {"ops.enabled", +[](Config& c) -> bool& { return c.ops.enabled; },
     "Serve /metrics, /healthz and /readyz on a listener of their own"},
    {"ops.host", +[](Config& c) -> std::string& { return c.ops.host; },
     "Address of that listener; whoever reaches it sees the numbers"},
    {"ops.port", +[](Config& c) -> std::uint16_t& { return c.ops.port; },
     "TCP port of that listener; 0 takes any free one", 0, 65535},

    secret({"auth.jwt_secret", +[](Config& c) -> std::string& { return c.auth.jwt_secret; },
            "Key with which room tokens are signed (HS256); without one no token is accepted"}),
    {"auth.jwt_secret_file", +[](Config& c) -> std::string& { return c.auth.jwt_secret_file; },
     "File that holds the key, instead of auth.jwt_secret"},
    {"auth.issuer", +[](Config& c) -> std::string& { return c.auth.issuer; },
     "The iss claim a room token must have"},
    {"auth.leeway", +[](Config& c) -> Millis& { return c.auth.leeway; },
     "How far past its end a token still counts, in whole seconds", 0, hour},
    {"auth.path_endpoint", +[](Config& c) -> bool& { return c.auth.path_endpoint; },
     "Let anybody in over /lobby/<user>/<room>, without a token"},
    {"auth.meeting_management", +[](Config& c) -> bool& { return c.auth.meeting_management; },
     "Meetings have hosts and are recorded (see store.url): a meeting ends when its host leaves; "
     "closes /lobby/<user>/<room>"},
    {"auth.close_ended_meetings", +[](Config& c) -> bool& { return c.auth.close_ended_meetings; },
     "When a host ends his meeting, send everybody away, and not only tell them"},

    {"limits.idle_timeout", +[](Config& c) -> Millis& { return c.limits.idle_timeout; },
     "A session from which nothing came for this long ends", second, hour},
    {"limits.ping_after", +[](Config& c) -> Millis& { return c.limits.ping_after; },
     "A session from which nothing came for this long is pinged", 100, hour},
    {"limits.handshake_timeout", +[](Config& c) -> Millis& { return c.limits.handshake_timeout; },
     "How long a client may take to send a request", 100, hour},
    {"limits.keep_alive", +[](Config& c) -> Millis& { return c.limits.keep_alive; },
     "How long an HTTP connection may wait for its next request", 100, hour},
    {"limits.header_bytes", +[](Config& c) -> std::size_t& { return c.limits.header_bytes; },
     "The longest request line with headers; tokens travel in it", 1 * kib, 64 * kib},
    {"limits.sessions_max", +[](Config& c) -> int& { return c.limits.sessions_max; },
     "Sessions of this process; who comes then gets 503", 1, 10 * one_million},
    {"limits.connections_max", +[](Config& c) -> int& { return c.limits.connections_max; },
     "TCP connections of this process, sessions included", 1, 10 * one_million},
    {"limits.connections_per_address",
     +[](Config& c) -> int& { return c.limits.connections_per_address; },
     "TCP connections from one address; 0 is no limit (behind a proxy everybody has one address)",
     0, 10 * one_million},
    {"limits.partial_bytes", +[](Config& c) -> std::size_t& { return c.limits.partial_bytes; },
     "Room for messages above 64KiB that are not whole yet, shared out to the shards; 4MiB each at "
     "least",
     4 * mib, 1 * gib},
    {"limits.partial_time", +[](Config& c) -> Millis& { return c.limits.partial_time; },
     "How long one may take while others wait for room, and again for each 640KiB of it", 100,
     hour},

    {"outbox.bytes", +[](Config& c) -> std::size_t& { return c.outbox.bytes; },
     "How much may wait for one client that reads slowly", 64 * kib, 1 * gib},
    {"outbox.video_age", +[](Config& c) -> Millis& { return c.outbox.video_age; },
     "Video that has waited this long for a client is dropped", 10, hour},
    {"outbox.audio_age", +[](Config& c) -> Millis& { return c.outbox.audio_age; },
     "Audio that has waited this long for a client is dropped", 10, hour},
    {"outbox.data_bytes", +[](Config& c) -> std::size_t& { return c.outbox.data_bytes; },
     "How much of that may be diagnostics", 0, 1 * gib},
    {"outbox.stall_timeout", +[](Config& c) -> Millis& { return c.outbox.stall_timeout; },
     "A client that takes no byte for this long is let go", second, hour},

    {"websocket.enabled", +[](Config& c) -> bool& { return c.websocket.enabled; },
     "Take WebSocket sessions on server.port"},
    {"websocket.notsent_lowat",
     +[](Config& c) -> std::size_t& { return c.websocket.notsent_lowat; },
     "Unsent bytes the kernel may hold per client; what waits here cannot be dropped any more",
     4 * kib, 16 * mib},

    {"webtransport.enabled", +[](Config& c) -> bool& { return c.webtransport.enabled; },
     "Take WebTransport sessions, too: HTTP/3 over QUIC on a UDP port"},
    {"webtransport.host", +[](Config& c) -> std::string& { return c.webtransport.host; },
     "Address of that port; empty is server.host"},
    {"webtransport.port", +[](Config& c) -> std::uint16_t& { return c.webtransport.port; },
     "That UDP port; 0 takes any free one", 0, 65535},
    {"webtransport.public_url",
     +[](Config& c) -> std::string& { return c.webtransport.public_url; },
     "Where clients reach it from outside, such as https://example.org:4433, if that differs"},
    {"webtransport.idle_timeout", +[](Config& c) -> Millis& { return c.webtransport.idle_timeout; },
     "A QUIC connection on which nothing came for this long is gone", second, hour},
    {"webtransport.keep_alive", +[](Config& c) -> Millis& { return c.webtransport.keep_alive; },
     "A QUIC connection that is quiet for this long is asked whether it lives; 0s asks none", 0,
     hour},
    {"webtransport.video_hold", +[](Config& c) -> Millis& { return c.webtransport.video_hold; },
     "How long video may wait at most to be sent with more, while the server is busy; 0s sends at "
     "once",
     0, 10},

    {"tls.tcp", +[](Config& c) -> bool& { return c.tls.tcp; },
     "Speak https and wss on server.port, with the certificate of tls.cert"},
    {"tls.cert", +[](Config& c) -> std::string& { return c.tls.cert; },
     "File with the certificate and its chain (PEM); empty makes a self-signed one"},
    {"tls.key", +[](Config& c) -> std::string& { return c.tls.key; },
     "File with the key of that certificate (PEM)"},
    {"tls.self_signed_folder", +[](Config& c) -> std::string& { return c.tls.self_signed_folder; },
     "Where a self-signed certificate is kept for the next start; empty keeps it in memory"},

    {"mailbox.bytes", +[](Config& c) -> std::size_t& { return c.mailbox.bytes; },
     "How much media may wait on its way from one shard to another", 64 * kib, 1 * gib},

    secret(
        {"bus.url", +[](Config& c) -> std::string& { return c.bus.url; },
         "NATS servers that join this server with others, such as nats://nats:4222, several with "
         "commas between; empty is this server alone"}),
    {"bus.required", +[](Config& c) -> bool& { return c.bus.required; },
     "Do not start when NATS cannot be reached; otherwise start alone and join later"},
    {"bus.publish", +[](Config& c) -> BusPublish& { return c.bus.publish; },
     "Which packets go to NATS; when_shared leaves out rooms that no other Parley server has, but "
     "other servers and listeners miss them, too"},
    {"bus.gather", +[](Config& c) -> Millis& { return c.bus.gather; },
     "How long packets for NATS are gathered; the first after a pause goes at once", 0, 100},
    {"bus.queue_bytes", +[](Config& c) -> std::size_t& { return c.bus.queue_bytes; },
     "How much media may wait on its way to NATS", 64 * kib, 1 * gib},
    {"bus.credentials", +[](Config& c) -> std::string& { return c.bus.credentials; },
     "File with this server's NATS credentials (.creds); a user and password stand in bus.url"},
    {"bus.ca", +[](Config& c) -> std::string& { return c.bus.ca; },
     "File with who may sign the NATS server's certificate (PEM); empty is what the system trusts"},
    {"bus.cert", +[](Config& c) -> std::string& { return c.bus.cert; },
     "File with the certificate that this server shows to NATS (PEM); empty shows none"},
    {"bus.key", +[](Config& c) -> std::string& { return c.bus.key; },
     "File with the key of that certificate (PEM)"},

    secret({"store.url", +[](Config& c) -> std::string& { return c.store.url; },
            "Database that records meetings, if they have hosts: sqlite:PATH or "
            "postgres://USER:PASSWORD@HOST/DATABASE; empty is a file of parley's own, and for the "
            "drop-in servers none"}),
    {"store.connections", +[](Config& c) -> int& { return c.store.connections; },
     "Connections to it, each with a thread; 0 is 4 to PostgreSQL and 1 to SQLite", 0, 64},

    {"diagnostics.region", +[](Config& c) -> std::string& { return c.diagnostics.region; },
     "Where this server stands, in the subjects of what it tells over NATS"},
    {"diagnostics.service_type",
     +[](Config& c) -> std::string& { return c.diagnostics.service_type; },
     "What kind of server it is, there; empty is websocket, or webtransport without it"},
    {"diagnostics.instance", +[](Config& c) -> std::string& { return c.diagnostics.instance; },
     "Its name in events about connections; empty is diagnostics.server_id, or the machine's name"},
    {"diagnostics.server_id", +[](Config& c) -> std::string& { return c.diagnostics.server_id; },
     "Its name with clients' health reports; empty is diagnostics.instance, or the machine's name"},
    {"diagnostics.interval", +[](Config& c) -> Millis& { return c.diagnostics.interval; },
     "How often the bytes of each connection are told", second, hour},

    {"demo.enabled", +[](Config& c) -> bool& { return c.demo.enabled; },
     "Serve the demo page, a small video meeting"},
    {"demo.directory", +[](Config& c) -> std::string& { return c.demo.directory; },
     "Folder of the demo page; empty finds the one that came with the program"},

    {"log.level", +[](Config& c) -> LogLevel& { return c.log.level; }, "What is worth a line"},
    {"log.format", +[](Config& c) -> LogStyle& { return c.log.format; },
     "How a line looks; auto is text on a terminal and json otherwise"},
});

template <class Value>
struct Choice {
  std::string_view name;
  Value value;
};

constexpr std::array<Choice<LogLevel>, 4> choices(LogLevel*) {
  return {{{"debug", LogLevel::debug},
           {"info", LogLevel::info},
           {"warning", LogLevel::warning},
           {"error", LogLevel::error}}};
}

constexpr std::array<Choice<LogStyle>, 3> choices(LogStyle*) {
  return {{{"auto", LogStyle::automatic}, {"text", LogStyle::text}, {"json", LogStyle::json}}};
}

constexpr std::array<Choice<BusPublish>, 2> choices(BusPublish*) {
  return {{{"always", BusPublish::always}, {"when_shared", BusPublish::when_shared}}};
}

template <class Value>
inline constexpr bool is_choice =
    std::is_same_v<Value, LogLevel> || std::is_same_v<Value, LogStyle> ||
    std::is_same_v<Value, BusPublish>;
template <class Value>
inline constexpr bool is_duration =
    std::is_same_v<Value, Millis> || std::is_same_v<Value, std::chrono::microseconds>;
template <class Value>
inline constexpr bool is_text = std::is_same_v<Value, std::string>;
template <class Value>
inline constexpr bool is_size = std::is_same_v<Value, std::size_t>;

// The type of the value behind a place.
template <class Value>
Value value_type(Value& (*)(Config&));

// Reads `text` as a value of this kind; nothing when it is none, or out of bounds.
template <class Value>
std::optional<Value> parse_value(std::string_view text, const Setting& setting) {
  const auto in_bounds = [&](std::int64_t n) { return n >= setting.least && n <= setting.most; };
  if constexpr (std::is_same_v<Value, bool>) {
    return parse_bool(text);
  } else if constexpr (is_text<Value>) {
    return Value(text);
  } else if constexpr (is_choice<Value>) {
    for (const auto& choice : choices(static_cast<Value*>(nullptr)))
      if (choice.name == text) return choice.value;
    return std::nullopt;
  } else if constexpr (is_duration<Value>) {
    const auto parsed = parse_duration(text);
    if (!parsed) return std::nullopt;
    const auto value = std::chrono::duration_cast<Value>(*parsed);
    if (value != *parsed || !in_bounds(value.count())) return std::nullopt;
    return value;
  } else {
    const auto number = is_size<Value> ? parse_size(text) : parse_number(text);
    if (!number || !in_bounds(*number)) return std::nullopt;
    return static_cast<Value>(*number);
  }
}

template <class Value>
std::string format_value(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (is_text<Value>) {
    return value;
  } else if constexpr (is_choice<Value>) {
    for (const auto& choice : choices(static_cast<Value*>(nullptr)))
      if (choice.value == value) return std::string(choice.name);
    return {};
  } else if constexpr (is_duration<Value>) {
    return format_duration(value);
  } else if constexpr (is_size<Value>) {
    return format_size(static_cast<std::int64_t>(value));
  } else {
    return std::to_string(value);
  }
}

template <class Value>
std::string allowed_values(const Setting& setting) {
  if constexpr (std::is_same_v<Value, bool>) {
    return "true or false";
  } else if constexpr (is_text<Value>) {
    return "text";
  } else if constexpr (is_choice<Value>) {
    std::string names;
    const auto all = choices(static_cast<Value*>(nullptr));
    for (std::size_t i = 0; i < all.size(); ++i)
      (names += i == 0 ? "" : i + 1 == all.size() ? " or " : ", ") += all[i].name;
    return names;
  } else if constexpr (is_duration<Value>) {
    return "a duration from " + format_duration(Value(setting.least)) + " to " +
           format_duration(Value(setting.most));
  } else if constexpr (is_size<Value>) {
    return "a size from " + format_size(setting.least) + " to " + format_size(setting.most);
  } else {
    return "a number from " + std::to_string(setting.least) + " to " + std::to_string(setting.most);
  }
}

}  // namespace

std::string_view program_name(Program program) {
  switch (program) {
    case Program::websocket_server:
      return "websocket_server";
    case Program::webtransport_server:
      return "webtransport_server";
    case Program::parley_serve:
    case Program::parley_dev:
      break;
  }
  return "parley";
}

Config default_config(Program program) {
  Config config;
  switch (program) {
    case Program::parley_serve:
      break;
    case Program::parley_dev:
      config.server.host = "127.0.0.1";
      config.server.drain_time = 1s;
      config.demo.enabled = true;
      config.webtransport.enabled = true;
      config.webtransport.port = 0;  // the page is told; two of them may run side by side
      config.ops.port = 0;           // it is printed; two of them may run side by side
      break;
    case Program::websocket_server:
      // The original has no second port; who starts it in its place expects none.
      config.ops.enabled = false;
      config.bus.required = true;  // as with the original
      break;
    case Program::webtransport_server:
      config.ops.enabled = false;
      config.bus.required = true;
      config.websocket.enabled = false;
      config.webtransport.enabled = true;
      config.server.port = 5321;  // health, where the original's compose file has it
      break;
  }
  return config;
}

std::span<const Setting> settings() { return table; }

const Setting* find_setting(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == table.end() ? nullptr : &*found;
}

Result<void> set_setting(Config& config, const Setting& setting, std::string_view text) {
  const bool set = std::visit(
      [&](auto place) {
        auto value = parse_value<decltype(value_type(place))>(text, setting);
        if (value) place(config) = std::move(*value);
        return value.has_value();
      },
      setting.place);
  if (!set) return fail("must be " + setting_allowed(setting) + ", not " + in_quotes(text));
  return {};
}

std::string setting_text(const Config& config, const Setting& setting) {
  // The places want a Config they may change; a copy is one.
  Config copy = config;
  return std::visit([&](auto place) { return format_value(place(copy)); }, setting.place);
}

std::string setting_toml(const Config& config, const Setting& setting) {
  const bool bare = std::visit(
      [](auto place) {
        using Value = decltype(value_type(place));
        return std::is_integral_v<Value> && !is_size<Value>;
      },
      setting.place);
  const std::string text = setting_text(config, setting);
  return bare ? text : in_quotes(text);
}

std::string setting_allowed(const Setting& setting) {
  return std::visit(
      [&](auto place) { return allowed_values<decltype(value_type(place))>(setting); },
      setting.place);
}

std::string environment_name(const Setting& setting) {
  std::string name = "PARLEY_";
  for (const char c : setting.name)
    name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> names) {
  std::optional<std::string> nearest;
  // A third of its letters may be wrong; beyond that a suggestion is a guess.
  std::size_t best = name.size() / 3 + 2;
  for (const auto& candidate : names) {
    // Levenshtein's distance, one row of the table at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 0; i < name.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t replaced = diagonal + (name[i] == candidate[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best) {
      best = row.back();
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace parley
