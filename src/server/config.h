#pragma once
// Config: every setting of the server, as plain values, and the one table that describes them.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"

namespace parley {

/// How log lines look; `automatic` is text on a terminal and JSON otherwise.
enum class LogStyle : std::uint8_t { automatic, text, json };

/// Which packets go to NATS: all, or only those of rooms that another server has, too.
enum class BusPublish : std::uint8_t { always, when_shared };

struct Config {
  struct Server {
    std::string host = "0.0.0.0";
    std::uint16_t port = 8080;
    int shards = 1;
    Millis drain_time = 10s;
    /// A descriptor to which one JSON line is written when the ports are open; -1 is none.
    int ready_fd = -1;
  } server;

  struct Ops {
    bool enabled = true;
    std::string host = "127.0.0.1";
    std::uint16_t port = 9090;
  } ops;

  struct Auth {
    std::string jwt_secret;
    std::string jwt_secret_file;
    std::string issuer = "videocall-meeting-backend";
    Millis leeway = 60s;
    bool path_endpoint = true;
    bool meeting_management = false;
    bool close_ended_meetings = false;

    /// Meeting management wants to know who somebody is, so it closes the path endpoint.
    [[nodiscard]] bool path_endpoint_open() const { return path_endpoint && !meeting_management; }
  } auth;

  struct Limits {
    Millis idle_timeout = 30s;
    Millis ping_after = 5s;
    Millis handshake_timeout = 10s;
    Millis keep_alive = 30s;
    std::size_t header_bytes = 8 * 1024;
    int sessions_max = 100'000;
    int connections_max = 120'000;
    int connections_per_address = 0;  ///< 0 = no limit
    std::size_t partial_bytes = std::size_t{8} * 1024 * 1024;
    Millis partial_time = 5s;
  } limits;

  struct Outbox {
    std::size_t bytes = std::size_t{2} * 1024 * 1024;
    Millis video_age = 500ms;
    Millis audio_age = 1s;
    std::size_t data_bytes = 64 * 1024;
    Millis stall_timeout = 60s;
  } outbox;

  struct WebSocket {
    bool enabled = true;
    std::size_t notsent_lowat = 64 * 1024;
  } websocket;

  struct WebTransport {
    bool enabled = false;
    std::string host;  ///< empty = server.host
    std::uint16_t port = 4433;
    std::string public_url;
    Millis idle_timeout = 30s;
    Millis keep_alive = 10s;
    Millis video_hold = 1ms;
  } webtransport;

  struct Tls {
    bool tcp = false;
    std::string cert;
    std::string key;
    std::string self_signed_folder;
  } tls;

  struct Mailbox {
    std::size_t bytes = std::size_t{8} * 1024 * 1024;
  } mailbox;

  struct Bus {
    std::string url;  ///< empty = this process alone
    bool required = false;
    BusPublish publish = BusPublish::always;
    Millis gather = 3ms;
    std::size_t queue_bytes = std::size_t{16} * 1024 * 1024;
    std::string credentials;
    std::string ca;
    std::string cert;
    std::string key;
  } bus;

  struct Store {
    std::string url;      ///< empty = meetings are not recorded
    int connections = 0;  ///< 0 = as many as are good for the database
  } store;

  struct Diagnostics {
    std::string region = "us-east";
    std::string service_type;  ///< empty = by the transport
    std::string instance;      ///< empty = server_id, or the host's name
    std::string server_id;     ///< empty = instance, or the host's name
    Millis interval = 5s;
  } diagnostics;

  struct Demo {
    bool enabled = false;
    std::string directory;
  } demo;

  struct Log {
    LogLevel level = LogLevel::info;
    LogStyle format = LogStyle::automatic;
  } log;

  [[nodiscard]] bool records_meetings() const {
    return auth.meeting_management && !store.url.empty();
  }
};

/// Which executable is configured; some defaults differ.
enum class Program : std::uint8_t {
  parley_serve,
  parley_dev,
  websocket_server,
  webtransport_server,
};

/// Whether it stands in the place of an original server and takes its variables.
[[nodiscard]] constexpr bool is_drop_in(Program program) {
  return program == Program::websocket_server || program == Program::webtransport_server;
}

/// As it is called on a command line.
[[nodiscard]] std::string_view program_name(Program program);

/// The values before anybody has set anything.
[[nodiscard]] Config default_config(Program program);

/// Where in a Config a setting lives. Which alternative it is decides how its text is read:
/// "true", "8080", "64KiB", "25s".
using SettingPlace =
    std::variant<bool& (*)(Config&), int& (*)(Config&), std::uint16_t& (*)(Config&),
                 std::size_t& (*)(Config&), Millis& (*)(Config&), std::string& (*)(Config&),
                 LogLevel& (*)(Config&), LogStyle& (*)(Config&), BusPublish& (*)(Config&)>;

/// One row of the table from which command line, file, environment, `config print` and
/// etc/parley.toml are made.
struct Setting {
  std::string_view name;  ///< "section.key"
  SettingPlace place;
  std::string_view help;  ///< one sentence, without its full stop
  /// Bounds of numbers, bytes and (in the setting's own unit) durations.
  std::int64_t least = 0;
  std::int64_t most = INT64_MAX;
  /// A short flag beside `--section.key`, without its dashes.
  std::string_view flag = {};
  bool secret = false;
  bool hidden = false;
};

[[nodiscard]] std::span<const Setting> settings();
[[nodiscard]] const Setting* find_setting(std::string_view name);

/// Sets one setting from text. The error says what is allowed and is meant to follow the name of
/// the setting: "must be 1 to 64, not \"0\"".
[[nodiscard]] Result<void> set_setting(Config& config, const Setting& setting,
                                       std::string_view text);
/// The value as set_setting() reads it.
[[nodiscard]] std::string setting_text(const Config& config, const Setting& setting);
/// The value as a file spells it (text in quotes).
[[nodiscard]] std::string setting_toml(const Config& config, const Setting& setting);
/// What may be written: "true or false", "1 to 64", "a duration such as 25s, …".
[[nodiscard]] std::string setting_allowed(const Setting& setting);
/// "PARLEY_SERVER_PORT".
[[nodiscard]] std::string environment_name(const Setting& setting);

/// Variables by name; where a process's come from is for main.
using Environment = std::map<std::string, std::string>;
[[nodiscard]] Environment process_environment();

/// Who set a value, from weakest to strongest.
enum class ConfigSource : std::uint8_t { defaults, file, environment, command_line };

struct ConfigInputs {
  Program program = Program::parley_serve;
  std::optional<std::string> file;
  Environment environment;
  /// "section.key" and text, in the order given; the last one wins.
  std::vector<std::pair<std::string, std::string>> command_line;
};

struct LoadedConfig {
  Config config;
  /// Sentences worth a warning in the log: names that do nothing (yet).
  std::vector<std::string> notes;
  /// By setting name; a name that is absent has its default.
  std::map<std::string, ConfigSource, std::less<>> sources;
};

/// Command line over environment over file over defaults. The first error ends it: its message
/// names the flag, the variable, or the file and line.
[[nodiscard]] Result<LoadedConfig> load_config(const ConfigInputs& inputs);

/// The name most like `name`, if one is near enough to be meant.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      std::span<const std::string> names);

}  // namespace parley
