#include "server/config_file.h"

#include <gtest/gtest.h>

#include <string>

#include "server/config_command.h"

namespace parley {
namespace {

std::string error_of(std::string_view toml) {
  Config config;
  const auto applied = apply_config_text(toml, "parley.toml", config);
  return applied ? "no error" : applied.error().message;
}

TEST(ConfigFile, sets_what_it_says) {
  Config config;
  std::vector<std::string> set;
  const auto applied = apply_config_text(
      "[server]\nport = 9000\nhost = \"::1\"\n[outbox]\nbytes = \"1MiB\"\nvideo_age = \"250ms\"\n"
      "[demo]\nenabled = true\n[limits]\nheader_bytes = 4096\n",
      "parley.toml", config, [&](std::string_view name) { set.emplace_back(name); });

  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  EXPECT_EQ(config.server.port, 9000);
  EXPECT_EQ(config.server.host, "::1");
  EXPECT_EQ(config.outbox.bytes, 1024u * 1024);
  EXPECT_EQ(config.outbox.video_age, 250ms);
  EXPECT_TRUE(config.demo.enabled);
  EXPECT_EQ(config.limits.header_bytes, 4096u);
  EXPECT_EQ(set.size(), 6u);
}

TEST(ConfigFile, refuses_unknown_names_with_their_line_and_a_suggestion) {
  EXPECT_EQ(error_of("[server]\nhost = \"::\"\nprot = 9000\n"),
            "parley.toml:3: there is no setting \"server.prot\"; did you mean \"server.port\"?");
  EXPECT_EQ(error_of("[sever]\nport = 9000\n"),
            "parley.toml:1: there is no section \"sever\"; did you mean \"server\"?");
  EXPECT_EQ(error_of("[server.tls]\ncert = \"x\"\n").substr(0, 47),
            "parley.toml:1: there is no setting \"server.tls\"");
}

TEST(ConfigFile, refuses_wrong_types_and_values_with_their_line) {
  EXPECT_EQ(error_of("[server]\nport = \"9000\"\n"),
            "parley.toml:2: server.port must be a number from 0 to 65535");
  EXPECT_EQ(error_of("[server]\nhost = 5\n"), "parley.toml:2: server.host must be text");
  EXPECT_EQ(error_of("[server]\nport = 1.5\n"),
            "parley.toml:2: server.port must be a number from 0 to 65535");
  EXPECT_EQ(error_of("[demo]\nenabled = 1\n"),
            "parley.toml:2: demo.enabled must be true or false, not \"1\"");
  EXPECT_EQ(error_of("[outbox]\nvideo_age = 500\n"),
            "parley.toml:2: outbox.video_age must be a duration from 10ms to 1h");
  EXPECT_EQ(error_of("[server]\nshards = 65\n"),
            "parley.toml:2: server.shards must be a number from 1 to 64, not \"65\"");
  EXPECT_EQ(error_of("[server]\nport = [1]\n"),
            "parley.toml:2: server.port must be a number from 0 to 65535");
  EXPECT_EQ(error_of("server = 1\n"),
            "parley.toml:1: \"server\" is a section: write [server] with its settings below");
}

TEST(ConfigFile, points_at_the_line_that_is_no_toml) {
  EXPECT_TRUE(error_of("[server]\nport = = 1\n").starts_with("parley.toml:2: "));
  EXPECT_TRUE(error_of("[server]\nport = 1\nport = 2\n").starts_with("parley.toml:3: "));
}

TEST(ConfigFile, that_cannot_be_read_is_named) {
  Config config;
  const auto applied = apply_config_file("/nowhere/parley.toml", config);
  ASSERT_FALSE(applied.has_value());
  EXPECT_TRUE(applied.error().message.starts_with("cannot read /nowhere/parley.toml"));
  EXPECT_FALSE(apply_config_file("/", config).has_value());
}

TEST(ConfigFile, of_the_example_is_all_defaults_and_all_settings) {
  const std::string path = std::string(PARLEY_SOURCE_DIR) + "/etc/parley.toml";
  Config config;
  config.server.port = 1;
  config.outbox.bytes = 1;
  std::size_t set = 0;
  const auto applied = apply_config_file(path, config, [&](std::string_view) { ++set; });

  ASSERT_TRUE(applied.has_value()) << applied.error().message;
  std::size_t shown = 0;
  for (const auto& setting : settings()) {
    if (!setting.hidden) ++shown;
    EXPECT_EQ(setting_text(config, setting), setting_text(Config{}, setting)) << setting.name;
  }
  EXPECT_EQ(set, shown);
  EXPECT_EQ(read_text_file(path, 1 << 20).value(), example_config_file())
      << "write it anew: parley config print --defaults > etc/parley.toml";
}

}  // namespace
}  // namespace parley
