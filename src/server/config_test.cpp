#include "server/config.h"

#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <sstream>
#include <string>

#include "server/config_command.h"
#include "server/config_file.h"

namespace parley {
namespace {

Result<LoadedConfig> load_with(Environment environment, Program program = Program::parley_serve) {
  ConfigInputs inputs;
  inputs.program = program;
  inputs.environment = std::move(environment);
  return load_config(inputs);
}

std::string error_of(const Result<LoadedConfig>& loaded) {
  return loaded ? "no error" : loaded.error().message;
}

bool has_note(const LoadedConfig& loaded, std::string_view part) {
  for (const auto& note : loaded.notes)
    if (note.find(part) != std::string::npos) return true;
  return false;
}

TEST(Settings, are_described_once_and_in_one_style) {
  std::set<std::string_view> names;
  for (const auto& setting : settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_EQ(std::count(setting.name.begin(), setting.name.end(), '.'), 1) << setting.name;
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_FALSE(setting.help.ends_with('.')) << setting.name;
    EXPECT_TRUE(std::isupper(static_cast<unsigned char>(setting.help.front()))) << setting.name;
    EXPECT_EQ(find_setting(setting.name), &setting);
  }
}

TEST(Settings, read_back_the_text_they_are_shown_as) {
  for (const Program program : {Program::parley_serve, Program::parley_dev,
                                Program::websocket_server, Program::webtransport_server}) {
    const Config config = default_config(program);
    for (const auto& setting : settings()) {
      Config copy;
      const auto set = set_setting(copy, setting, setting_text(config, setting));
      ASSERT_TRUE(set.has_value()) << setting.name << " " << set.error().message;
      EXPECT_EQ(setting_text(copy, setting), setting_text(config, setting));
    }
  }
}

TEST(Settings, refuse_what_is_out_of_bounds) {
  Config config;
  const auto refused = [&](std::string_view name, std::string_view text) {
    const auto set = set_setting(config, *find_setting(name), text);
    return set ? "no error" : set.error().message;
  };
  EXPECT_EQ(refused("server.shards", "65"), "must be a number from 1 to 64, not \"65\"");
  EXPECT_EQ(refused("server.port", "65536"), "must be a number from 0 to 65535, not \"65536\"");
  EXPECT_EQ(refused("server.port", "-1"), "must be a number from 0 to 65535, not \"-1\"");
  EXPECT_EQ(refused("limits.header_bytes", "1MiB"),
            "must be a size from 1KiB to 64KiB, not \"1MiB\"");
  EXPECT_EQ(refused("limits.idle_timeout", "1500us"),
            "must be a duration from 1s to 1h, not \"1500us\"");
  EXPECT_EQ(refused("demo.enabled", "yes"), "must be true or false, not \"yes\"");
  EXPECT_EQ(refused("log.level", "loud"), "must be debug, info, warning or error, not \"loud\"");
}

TEST(Config, differs_a_little_between_the_programs) {
  EXPECT_EQ(default_config(Program::parley_serve).server.host, "0.0.0.0");
  EXPECT_TRUE(default_config(Program::parley_serve).ops.enabled);
  EXPECT_EQ(default_config(Program::parley_dev).server.host, "127.0.0.1");
  EXPECT_TRUE(default_config(Program::parley_dev).demo.enabled);
  EXPECT_EQ(default_config(Program::parley_dev).server.drain_time, 1s);
  EXPECT_FALSE(default_config(Program::websocket_server).ops.enabled);
}

TEST(Config, takes_flags_over_variables_over_the_original_ones) {
  ConfigInputs inputs;
  inputs.environment = {{"ACTIX_PORT", "1001"}};
  EXPECT_EQ(load_config(inputs)->config.server.port, 1001);

  inputs.environment["PARLEY_SERVER_PORT"] = "1002";
  EXPECT_EQ(load_config(inputs)->config.server.port, 1002);

  inputs.command_line = {{"server.port", "1003"}, {"server.port", "1004"}};
  const auto loaded = load_config(inputs);
  EXPECT_EQ(loaded->config.server.port, 1004);
  EXPECT_EQ(loaded->sources.at("server.port"), ConfigSource::command_line);
}

TEST(Config, names_the_variable_that_is_wrong) {
  EXPECT_EQ(error_of(load_with({{"ACTIX_PORT", "http"}})),
            "ACTIX_PORT must be a number from 0 to 65535, not \"http\"");
  EXPECT_EQ(error_of(load_with({{"PARLEY_SERVER_SHARDS", "0"}})),
            "PARLEY_SERVER_SHARDS must be a number from 1 to 64, not \"0\"");
}

TEST(Config, of_the_webtransport_server_comes_from_the_variables_of_the_original) {
  const auto loaded = load_with({{"LISTEN_URL", "[::1]:4434"},
                                 {"HEALTH_LISTEN_URL", "localhost:5322"},
                                 {"CERT_PATH", "/c"},
                                 {"KEY_PATH", "/k"},
                                 {"QUIC_MAX_IDLE_TIMEOUT_SECS", "7"},
                                 {"QUIC_KEEP_ALIVE_INTERVAL_SECS", "2"},
                                 {"ACTIX_PORT", "1"}},
                                Program::webtransport_server);
  ASSERT_TRUE(loaded) << error_of(loaded);
  const Config& config = loaded->config;
  EXPECT_EQ(config.webtransport.host, "::1");
  EXPECT_EQ(config.webtransport.port, 4434);
  EXPECT_EQ(config.server.host, "localhost");
  EXPECT_EQ(config.server.port, 5322);
  EXPECT_EQ(config.tls.cert, "/c");
  EXPECT_EQ(config.tls.key, "/k");
  EXPECT_EQ(config.webtransport.idle_timeout, 7s);
  EXPECT_EQ(config.webtransport.keep_alive, 2s);
  EXPECT_TRUE(config.webtransport.enabled);
  EXPECT_FALSE(config.websocket.enabled);
}

TEST(Config, of_the_webtransport_server_says_what_is_missing_or_wrong) {
  const auto error = [](Environment environment) {
    environment.merge(Environment{{"CERT_PATH", "/c"}, {"KEY_PATH", "/k"}});
    return error_of(load_with(std::move(environment), Program::webtransport_server));
  };
  EXPECT_NE(error({{"CERT_PATH", ""}, {"KEY_PATH", ""}}).find("set CERT_PATH and KEY_PATH"),
            std::string::npos);
  EXPECT_EQ(error({{"LISTEN_URL", "4433"}}),
            "LISTEN_URL must be host:port, such as 0.0.0.0:4433, not \"4433\"");
  EXPECT_EQ(error({{"HEALTH_LISTEN_URL", "0.0.0.0:many"}}),
            "the part of HEALTH_LISTEN_URL for server.port must be a number from 0 to 65535, not "
            "\"many\"");
  EXPECT_EQ(error({}), "no error");
}

TEST(Config, of_other_programs_does_not_heed_the_webtransport_servers_variables) {
  const auto loaded = load_with({{"LISTEN_URL", "nonsense"}, {"CERT_PATH", "/c"}});
  ASSERT_TRUE(loaded) << error_of(loaded);
  EXPECT_EQ(loaded->config.tls.cert, "");
}

TEST(Config, wants_some_way_in) {
  const auto loaded = load_with({{"PARLEY_WEBSOCKET_ENABLED", "false"}});
  EXPECT_EQ(error_of(loaded),
            "websocket.enabled and webtransport.enabled are both off: nobody could join");
}

TEST(Config, of_dev_keeps_its_certificate_where_state_is_kept) {
  const auto folder = [](Environment environment) {
    return load_with(std::move(environment), Program::parley_dev)->config.tls.self_signed_folder;
  };
  EXPECT_EQ(folder({{"XDG_STATE_HOME", "/state"}, {"HOME", "/home/me"}}), "/state/parley");
  EXPECT_EQ(folder({{"HOME", "/home/me"}}), "/home/me/.local/state/parley");
  EXPECT_EQ(folder({}), "");
  EXPECT_EQ(load_with({{"HOME", "/home/me"}})->config.tls.self_signed_folder, "");
}

TEST(Config, takes_an_empty_variable_for_none) {
  EXPECT_EQ(load_with({{"ACTIX_PORT", ""}, {"PARLEY_SERVER_PORT", ""}})->config.server.port, 8080);
}

TEST(Config, reads_the_flag_of_the_original_as_the_original_does) {
  const auto auth = [](const char* text) {
    const auto loaded =
        load_with({{"FEATURE_MEETING_MANAGEMENT", text}}, Program::websocket_server);
    return loaded ? loaded->config.auth : Config::Auth{};
  };
  for (const char* text : {"1", "true", "TRUE", "Yes"})
    EXPECT_TRUE(auth(text).meeting_management) << text;
  for (const char* text : {"0", "false", "on", "2", "nonsense"})
    EXPECT_FALSE(auth(text).meeting_management) << text;
  EXPECT_FALSE(auth("1").path_endpoint_open());
}

TEST(Config, finds_our_level_in_a_log_filter) {
  EXPECT_EQ(load_with({{"RUST_LOG", "warn"}})->config.log.level, LogLevel::warning);
  EXPECT_EQ(load_with({{"RUST_LOG", "a::b=debug,error"}})->config.log.level, LogLevel::error);
  EXPECT_EQ(load_with({{"RUST_LOG", "a::b=debug"}})->config.log.level, LogLevel::info);
}

TEST(Config, says_what_does_nothing) {
  const auto loaded = load_with({{"OAUTH_CLIENT_ID", "x"}}, Program::websocket_server);

  ASSERT_TRUE(loaded.has_value());
  EXPECT_TRUE(has_note(*loaded, "OAUTH_CLIENT_ID "));
}

/// What a program with meeting management takes for its database.
std::string store_of(Environment environment, Program program) {
  environment["FEATURE_MEETING_MANAGEMENT"] = "true";
  if (program == Program::webtransport_server)
    environment.insert({{"CERT_PATH", "/c"}, {"KEY_PATH", "/k"}});
  const auto loaded = load_with(std::move(environment), program);
  return loaded ? loaded->config.store.url : loaded.error().message;
}

TEST(Config, takes_the_originals_database_where_that_is_enabled) {
  const std::string url = "postgres://db/m";
  for (const char* const on : {"true", "1"})
    EXPECT_EQ(
        store_of({{"DATABASE_URL", url}, {"DATABASE_ENABLED", on}}, Program::websocket_server),
        url);
  EXPECT_EQ(store_of({{"DATABASE_URL", url}}, Program::websocket_server), "");
  EXPECT_EQ(store_of({{"DATABASE_URL", url}}, Program::parley_serve), url);
  EXPECT_EQ(store_of({{"DATABASE_URL", url}, {"DATABASE_ENABLED", "0"}, {"HOME", "/home/me"}},
                     Program::parley_serve),
            "sqlite:/home/me/.local/state/parley/meetings.db");
}

TEST(Config, records_meetings_in_a_file_of_its_own) {
  EXPECT_EQ(store_of({{"XDG_STATE_HOME", "/state"}}, Program::parley_serve),
            "sqlite:/state/parley/meetings.db");
  EXPECT_EQ(store_of({{"HOME", "/home/me"}}, Program::webtransport_server), "")
      << "there the flag alone only closes the path endpoint";
  EXPECT_FALSE(load_with({{"HOME", "/home/me"}})->config.records_meetings());

  const auto homeless = load_with({{"FEATURE_MEETING_MANAGEMENT", "true"}});
  ASSERT_FALSE(homeless.has_value());
  EXPECT_NE(homeless.error().message.find("set store.url"), std::string::npos);
}

TEST(Config, says_when_a_database_does_nothing) {
  const std::string url = "postgres://user:secret@db/m";
  EXPECT_TRUE(
      has_note(*load_with({{"DATABASE_URL", url}}), "store.url (DATABASE_URL) is set, but"));
  EXPECT_TRUE(has_note(*load_with({{"DATABASE_URL", url}}, Program::websocket_server),
                       "DATABASE_URL is set, but DATABASE_ENABLED is not on"));
  EXPECT_TRUE(
      has_note(*load_with({{"FEATURE_MEETING_MANAGEMENT", "true"}}, Program::websocket_server),
               "all it does is close"));
}

TEST(Config, takes_the_originals_names_of_a_server) {
  const auto loaded = load_with({{"NATS_URL", "nats:4222"},
                                 {"REGION", "eu"},
                                 {"SERVICE_TYPE", "relay"},
                                 {"SERVER_ID", "server-7"},
                                 {"HOSTNAME", "box"},
                                 {"SERVER_STATS_INTERVAL_SECS", "7"}},
                                Program::websocket_server);

  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->config.bus.url, "nats:4222");
  EXPECT_TRUE(loaded->config.bus.required);
  EXPECT_EQ(loaded->config.diagnostics.region, "eu");
  EXPECT_EQ(loaded->config.diagnostics.service_type, "relay");
  EXPECT_EQ(loaded->config.diagnostics.server_id, "server-7");
  EXPECT_EQ(loaded->config.diagnostics.instance, "box");
  EXPECT_EQ(loaded->config.diagnostics.interval, 7s);
  EXPECT_EQ(load_with({{"SERVER_STATS_INTERVAL_SECS", "often"}})->config.diagnostics.interval, 5s);
}

TEST(Config, notes_variables_that_are_no_settings) {
  const auto loaded = load_with({{"PARLEY_SERVER_PROT", "1"}});
  EXPECT_TRUE(has_note(*loaded, "did you mean PARLEY_SERVER_PORT?"));
}

TEST(Config, is_not_confused_by_what_an_orchestrator_puts_there) {
  const auto loaded = load_with({{"PARLEY_SERVER_PORT", "tcp://10.0.0.1:80"},
                                 {"PARLEY_SERVER_SERVICE_HOST", "10.0.0.1"},
                                 {"PARLEY_SERVER_PORT_80_TCP_ADDR", "10.0.0.1"}});

  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->config.server.port, 8080);
  EXPECT_EQ(loaded->notes.size(), 1u);
}

TEST(Config, never_repeats_a_secret) {
  ConfigInputs inputs;
  inputs.environment = {{"JWT_SECRET", "hunter2"}};
  const auto loaded = load_config(inputs);
  std::ostringstream out;
  run_config_print(*loaded, out);

  EXPECT_EQ(out.str().find("hunter2"), std::string::npos);
  EXPECT_NE(out.str().find("jwt_secret = \"\"  # set, and not shown"), std::string::npos);
  EXPECT_TRUE(has_note(*loaded, "shorter than 32 bytes"));
}

TEST(Config, asks_for_one_secret_and_not_two) {
  EXPECT_NE(error_of(load_with({{"JWT_SECRET", "a"}, {"JWT_SECRET_FILE", "/nowhere"}}))
                .find("set one of them"),
            std::string::npos);
  EXPECT_NE(error_of(load_with({{"JWT_SECRET_FILE", "/nowhere"}})).find("cannot read /nowhere"),
            std::string::npos);

  // A stronger source decides between them.
  ConfigInputs inputs;
  inputs.environment = {{"JWT_SECRET_FILE", "/nowhere"}};
  inputs.command_line = {{"auth.jwt_secret", "a"}};
  EXPECT_EQ(load_config(inputs)->config.auth.jwt_secret, "a");
}

TEST(Config, is_checked_as_a_whole) {
  EXPECT_NE(error_of(load_with({{"PARLEY_OPS_PORT", "8080"}})).find("another port"),
            std::string::npos);
  EXPECT_NE(error_of(load_with({{"PARLEY_LIMITS_PING_AFTER", "30s"}})).find("must be shorter"),
            std::string::npos);
  EXPECT_NE(error_of(load_with({{"PARLEY_OUTBOX_DATA_BYTES", "3MiB"}})).find("must not be more"),
            std::string::npos);
  EXPECT_NE(error_of(load_with({{"PARLEY_AUTH_LEEWAY", "1500ms"}})).find("whole seconds"),
            std::string::npos);
}

TEST(Config, prints_what_it_can_read_again) {
  ConfigInputs inputs;
  inputs.command_line = {{"server.host", "::1"}, {"outbox.video_age", "750ms"}};
  const auto loaded = load_config(inputs);
  std::ostringstream out;
  run_config_print(*loaded, out);

  Config again;
  const auto applied = apply_config_text(out.str(), "printed", again);
  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  for (const auto& setting : settings())
    EXPECT_EQ(setting_text(again, setting), setting_text(loaded->config, setting));
  EXPECT_NE(out.str().find("host = \"::1\"  # command line"), std::string::npos);
}

TEST(NearestName, finds_what_was_meant_and_does_not_guess) {
  const std::vector<std::string> names{"server.port", "server.host", "outbox.bytes"};
  EXPECT_EQ(nearest_name("server.prot", names), "server.port");
  EXPECT_EQ(nearest_name("serverport", names), "server.port");
  EXPECT_EQ(nearest_name("outbox.byte", names), "outbox.bytes");
  EXPECT_EQ(nearest_name("zzz", names), std::nullopt);
  EXPECT_EQ(nearest_name("", {}), std::nullopt);
}

}  // namespace
}  // namespace parley
