#include "server/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace parley {
namespace {

using Words = std::vector<std::string>;

CommandLine parsed(const Words& words) {
  auto command = parse_parley_arguments(words);
  EXPECT_TRUE(command.has_value()) << (command ? "" : command.error().text);
  return command.value_or(CommandLine{});
}

CommandExit refused(const Words& words) {
  const auto command = parse_parley_arguments(words);
  EXPECT_FALSE(command.has_value());
  return command ? CommandExit{-1, ""} : command.error();
}

TEST(CommandLine, serves_when_nothing_is_said) {
  EXPECT_EQ(parsed({}).verb, Verb::serve);
  EXPECT_EQ(parsed({"--port", "9000"}).verb, Verb::serve);
  EXPECT_EQ(parsed({"serve"}).verb, Verb::serve);
}

TEST(CommandLine, knows_its_verbs) {
  EXPECT_EQ(parsed({"dev"}).verb, Verb::dev);
  EXPECT_EQ(parsed({"version"}).verb, Verb::version);
  EXPECT_EQ(parsed({"--version"}).verb, Verb::version);
  EXPECT_EQ(parsed({"config", "check"}).verb, Verb::config_check);
  EXPECT_EQ(parsed({"config", "print"}).verb, Verb::config_print);
  EXPECT_TRUE(parsed({"config", "print", "--defaults"}).print_defaults);
  EXPECT_EQ(parsed({"db", "status"}).verb, Verb::db_status);
  EXPECT_EQ(parsed({"db", "migrate", "sqlite:a.db"}).verb, Verb::db_migrate);
  EXPECT_EQ(parsed({"db", "migrate", "sqlite:a.db"}).database_url, "sqlite:a.db");
}

TEST(CommandLine, hands_settings_on_as_text) {
  const auto command =
      parsed({"serve", "--config", "a.toml", "--port", "9000", "--outbox.bytes=1MiB",
              "--demo.enabled", "--ops.enabled", "false", "--host", "::1"});

  EXPECT_EQ(command.config_file, "a.toml");
  std::vector<std::pair<std::string, std::string>> settings = command.settings;
  std::sort(settings.begin(), settings.end());
  const std::vector<std::pair<std::string, std::string>> expected = {{"demo.enabled", "true"},
                                                                     {"ops.enabled", "false"},
                                                                     {"outbox.bytes", "1MiB"},
                                                                     {"server.host", "::1"},
                                                                     {"server.port", "9000"}};
  EXPECT_EQ(settings, expected);
}

TEST(CommandLine, takes_the_last_of_a_repeated_flag) {
  const auto command = parsed({"serve", "--port", "1", "--server.port", "2"});
  ASSERT_EQ(command.settings.size(), 1u);
  EXPECT_EQ(command.settings.front().second, "2");
}

TEST(CommandLine, suggests_what_was_meant) {
  const auto flag = refused({"serve", "--sever.port", "1"});
  EXPECT_EQ(flag.code, 2);
  EXPECT_NE(flag.text.find("did you mean --server.port?"), std::string::npos) << flag.text;

  const auto verb = refused({"sevre"});
  EXPECT_EQ(verb.code, 2);
  EXPECT_NE(verb.text.find("did you mean serve?"), std::string::npos) << verb.text;

  EXPECT_NE(refused({"--prot", "1"}).text.find("did you mean --port?"), std::string::npos);
  EXPECT_EQ(refused({"serve", "stray"}).code, 2);
  EXPECT_EQ(refused({"token"}).code, 2);
  EXPECT_EQ(refused({"serve", "--port"}).code, 2);
}

TEST(CommandLine, leaves_everything_behind_bench_alone) {
  const auto command = parsed({"bench", "--help", "meeting-20", "--rooms=3"});
  EXPECT_EQ(command.verb, Verb::bench);
  EXPECT_EQ(command.bench_args, (Words{"--help", "meeting-20", "--rooms=3"}));
}

TEST(CommandLine, describes_a_token) {
  const auto command =
      parsed({"token", "create", "--user", "alice", "--room", "kitchen", "--name", "Alice",
              "--host-role", "--observer", "--ttl", "1h", "--secret", "s"});

  EXPECT_EQ(command.verb, Verb::token_create);
  EXPECT_EQ(command.token_create.user, "alice");
  EXPECT_EQ(command.token_create.room, "kitchen");
  EXPECT_EQ(command.token_create.name, "Alice");
  EXPECT_TRUE(command.token_create.host);
  EXPECT_TRUE(command.token_create.observer);
  EXPECT_EQ(command.token_create.ttl, std::chrono::hours(1));
  ASSERT_EQ(command.settings.size(), 1u);
  EXPECT_EQ(command.settings.front().first, "auth.jwt_secret");

  EXPECT_EQ(refused({"token", "create", "--user", "alice"}).code, 2);
  EXPECT_EQ(refused({"token", "create", "--user", "a", "--room", "b", "--ttl", "x"}).code, 2);
  EXPECT_EQ(parsed({"token", "inspect", "a.b.c"}).token, "a.b.c");
}

TEST(CommandLine, asks_the_doctor_about_any_of_the_servers) {
  EXPECT_EQ(parsed({"doctor"}).verb, Verb::doctor);
  EXPECT_EQ(parsed({"doctor"}).doctor.program, Program::parley_serve);
  EXPECT_FALSE(parsed({"doctor"}).doctor.json);

  const auto command = parsed({"doctor", "--for", "webtransport_server", "--json", "--port", "1"});
  EXPECT_EQ(command.doctor.program, Program::webtransport_server);
  EXPECT_TRUE(command.doctor.json);
  EXPECT_EQ(command.settings.size(), 1u);
  EXPECT_EQ(refused({"doctor", "--for", "nginx"}).code, 2);
}

TEST(CommandLine, helps) {
  const auto root = refused({"--help"});
  EXPECT_EQ(root.code, 0);
  EXPECT_NE(root.text.find("bench"), std::string::npos);

  const auto serve = refused({"serve", "--help"});
  EXPECT_EQ(serve.code, 0);
  EXPECT_NE(serve.text.find("--outbox.video_age"), std::string::npos);
  EXPECT_NE(serve.text.find("[500ms]"), std::string::npos);
  EXPECT_EQ(serve.text.find("ready_fd"), std::string::npos);
}

TEST(CommandLine, of_the_drop_in_server_has_settings_only) {
  const auto command = parse_drop_in_arguments(Program::websocket_server, Words{"--port", "1"});
  ASSERT_TRUE(command.has_value());
  EXPECT_EQ(command->verb, Verb::serve);
  EXPECT_TRUE(parse_drop_in_arguments(Program::websocket_server, Words{}).has_value());
  EXPECT_EQ(parse_drop_in_arguments(Program::websocket_server, Words{"--version"})->verb,
            Verb::version);
  EXPECT_EQ(parse_drop_in_arguments(Program::websocket_server, Words{"dev"}).error().code, 2);
}

TEST(CommandLine, opens_dev_to_other_machines_over_https) {
  const auto command = parse_parley_arguments(Words{"dev", "--lan", "--server.host=192.0.2.1"});
  ASSERT_TRUE(command.has_value());
  using Settings = std::vector<std::pair<std::string, std::string>>;
  Settings sorted = command->settings;
  std::ranges::sort(sorted);
  EXPECT_EQ(std::ranges::count(sorted, std::pair<std::string, std::string>("tls.tcp", "true")), 1);
  EXPECT_EQ(command->settings.back().second, "192.0.2.1") << "a setting says it more precisely";
}

}  // namespace
}  // namespace parley
