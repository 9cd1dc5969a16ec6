#include "server/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <array>
#include <map>

#include "server/config.h"
#include "server/config_values.h"

namespace parley {
namespace {

constexpr int usage_error = 2;

using Filter = bool (*)(const Setting&);

bool every(const Setting&) { return true; }
bool only_tls(const Setting& setting) { return setting.name.starts_with("tls."); }
bool only_auth(const Setting& setting) { return setting.name.starts_with("auth."); }

// "Outbox" for "outbox.bytes": the heading under which a flag is shown.
std::string group_of(const Setting& setting) {
  if (setting.hidden) return "";
  std::string group(setting.name.substr(0, setting.name.find('.')));
  if (group == "websocket") return "WebSocket";
  if (group == "webtransport") return "WebTransport";
  if (group == "tls") return "TLS";
  group.front() = static_cast<char>(group.front() - 'a' + 'A');
  return group;
}

/// What a value is, in a word for the help: bool, number, size, duration, text.
std::string kind_of(const Setting& setting) {
  constexpr std::array<const char*, std::variant_size_v<SettingPlace>> kinds = {
      "true|false", "NUMBER", "PORT", "SIZE", "DURATION", "TEXT", "LEVEL", "FORMAT", "WHEN"};
  return kinds[setting.place.index()];
}

// Flags for the settings that pass `filter`, all with text as their value: load_config() knows what
// they may be.
void add_settings(CLI::App& app, CommandLine& command, Filter filter,
                  Program program = Program::parley_serve) {
  app.add_option("--config", command.config_file, "File with settings (TOML)")
      ->type_name("FILE")
      ->group("Options");
  const Config defaults = default_config(program);
  for (const auto& setting : settings()) {
    if (!filter(setting)) continue;
    std::string names = "--" + std::string(setting.name);
    if (!setting.flag.empty()) names += ",--" + std::string(setting.flag);
    const auto add = [&command, name = std::string(setting.name)](const std::string& text) {
      command.settings.emplace_back(name, text);
    };
    auto* option = app.add_option_function<std::string>(names, add, std::string(setting.help))
                       ->group(group_of(setting))
                       ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    const std::string value = setting_text(defaults, setting);
    option->type_name(kind_of(setting) + (value.empty() ? "" : " [" + value + "]"));
  }
}

// `--ops.enabled` alone means true; the parser wants a value behind every flag.
std::vector<std::string> with_values(std::span<const std::string> arguments) {
  std::vector<std::string> complete;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    complete.push_back(arguments[i]);
    if (!arguments[i].starts_with("--")) continue;
    const Setting* setting = find_setting(std::string_view(arguments[i]).substr(2));
    const bool is_switch =
        setting != nullptr && std::holds_alternative<bool& (*)(Config&)>(setting->place);
    if (is_switch && (i + 1 == arguments.size() || !parse_bool(arguments[i + 1])))
      complete.emplace_back("true");
  }
  return complete;
}

// Every flag and word that `app` understands.
std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(verb->get_name());
  return names;
}

const CLI::App& deepest(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : deepest(*chosen.front());
}

// "parley token" for `create`: what stands before a verb when it is typed.
std::string words_before(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  if (parent == nullptr) return "";
  const std::string before = words_before(*parent);
  return before.empty() ? parent->get_name() : before + " " + parent->get_name();
}

CommandExit unknown(const CLI::App& app, std::string word) {
  word = word.substr(0, word.find('='));
  const bool is_flag = word.starts_with("-");
  const std::string before = words_before(app);
  std::string text = (before.empty() ? "" : before + " ") + app.get_name() + ": " +
                     (is_flag ? "unknown flag " : "unknown command ") + in_quotes(word);
  if (const auto nearest = nearest_name(word, names_of(app)))
    text += "; did you mean " + *nearest + "?";
  return {usage_error, text + "\nSee --help.\n"};
}

Result<CommandLine, CommandExit> parse(CLI::App& app, CommandLine& command,
                                       std::span<const std::string> arguments) {
  std::vector<std::string> words = with_values(arguments);
  std::reverse(words.begin(), words.end());  // the parser takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    return tl::unexpected(CommandExit{0, deepest(app).help(words_before(deepest(app)))});
  } catch (const CLI::ParseError& error) {
    // A word nobody knows says more than what is missing because of it.
    const auto rest = app.remaining(true);
    if (!rest.empty()) return tl::unexpected(unknown(deepest(app), rest.front()));
    return tl::unexpected(CommandExit{usage_error, std::string(error.what()) + "\nSee --help.\n"});
  }
  return std::move(command);
}

CLI::App* add_verb(CLI::App& app, CommandLine& command, Verb verb, const std::string& name,
                   const std::string& help) {
  CLI::App* added = app.add_subcommand(name, help);
  added->callback([&command, verb] { command.verb = verb; });
  return added;
}

void add_dev(CLI::App& app, CommandLine& command) {
  CLI::App* dev = add_verb(app, command, Verb::dev, "dev",
                           "Run it for trying out: this machine only, with the demo page");
  const auto open_to_lan = [&command](std::int64_t) {
    command.settings.emplace_back("server.host", "0.0.0.0");
    command.settings.emplace_back("tls.tcp", "true");
  };
  dev->add_flag_function("--lan", open_to_lan,
                         "Let other machines in, too, over https: cameras need it there")
      ->group("Options");
  add_settings(*dev, command, every, Program::parley_dev);
}

void add_token(CLI::App& app, CommandLine& command, std::string& ttl) {
  CLI::App* token = app.add_subcommand("token", "Make room tokens and look into them");
  token->require_subcommand(1);

  auto& options = command.token_create;
  CLI::App* create = add_verb(*token, command, Verb::token_create, "create",
                              "Print a token that lets one user into one room");
  create->add_option("--user", options.user, "Who enters")->required()->type_name("ID");
  create->add_option("--room", options.room, "Where to")->required()->type_name("ID");
  create->add_option("--name", options.name, "Name to show; the user's id without it")
      ->type_name("TEXT");
  create->add_flag("--host-role", options.host, "The user is a host of the meeting");
  create->add_flag("--observer", options.observer, "The user only watches who comes and goes");
  create->add_option("--ttl", ttl, "How long the token is good for")->type_name("DURATION [10m]");

  CLI::App* inspect = add_verb(*token, command, Verb::token_inspect, "inspect",
                               "Show what a token says, and whether it would be let in");
  inspect->add_option("token", command.token, "The token; from standard input without it");

  for (CLI::App* verb : {create, inspect}) {
    const auto add = [&command](const std::string& text) {
      command.settings.emplace_back("auth.jwt_secret", text);
    };
    verb->add_option_function<std::string>("--secret", add, "Same as --auth.jwt_secret")
        ->type_name("TEXT");
    add_settings(*verb, command, only_auth);
  }
}

void add_cert(CLI::App& app, CommandLine& command) {
  CLI::App* cert = app.add_subcommand("cert", "Make certificates and look into them");
  cert->require_subcommand(1);

  auto& options = command.cert_create;
  CLI::App* create = add_verb(*cert, command, Verb::cert_create, "create",
                              "Make a self-signed certificate (ECDSA P-256) with its key");
  create->add_option("--name", options.names, "Host name or address it is for; may be repeated")
      ->type_name("NAME [localhost, 127.0.0.1, ::1]");
  create->add_option("--days", options.days, "How long it is good for; browsers take 14 at most")
      ->check(CLI::Range(1, 3650))
      ->type_name("NUMBER [13]");
  create->add_option("--out", options.folder, "Folder for certificate.pem and key.pem")
      ->type_name("FOLDER [.]");
  create->add_flag("--replace", options.replace, "Write over files that are there");

  CLI::App* inspect = add_verb(*cert, command, Verb::cert_inspect, "inspect",
                               "Show whom a certificate is for, until when, and its hash");
  inspect->add_option("file", command.certificate_file, "PEM file; tls.cert without it");
  add_settings(*inspect, command, only_tls);
}

void add_db(CLI::App& app, CommandLine& command) {
  CLI::App* db = app.add_subcommand("db", "Look into the database of the meetings, and prepare it");
  db->require_subcommand(1);
  CLI::App* status = add_verb(*db, command, Verb::db_status, "status",
                              "Say whether the database has the tables that this version needs");
  CLI::App* migrate = add_verb(*db, command, Verb::db_migrate, "migrate",
                               "Make the tables that are missing, as a server does by itself");
  for (CLI::App* verb : {status, migrate})
    verb->add_option("url", command.database_url,
                     "sqlite:PATH or postgres://…; DATABASE_URL without it, which hides a password "
                     "from other users of the machine");
}

void add_config(CLI::App& app, CommandLine& command) {
  CLI::App* config = app.add_subcommand("config", "Show or check the settings");
  config->require_subcommand(1);
  CLI::App* print = add_verb(*config, command, Verb::config_print, "print",
                             "Print the settings in force, and who set them");
  print->add_flag("--defaults", command.print_defaults, "Print a commented file of all defaults");
  CLI::App* check = add_verb(*config, command, Verb::config_check, "check",
                             "Say whether a server would start with these settings");
  for (CLI::App* verb : {print, check}) add_settings(*verb, command, every);
}

void add_doctor(CLI::App& app, CommandLine& command) {
  CLI::App* doctor = add_verb(app, command, Verb::doctor, "doctor",
                              "Say what stands in the way of a server here, and what to do");
  const std::map<std::string, Program> programs = {
      {"parley", Program::parley_serve},
      {"websocket_server", Program::websocket_server},
      {"webtransport_server", Program::webtransport_server}};
  doctor->add_option("--for", command.doctor.program, "Whose settings and variables count")
      ->transform(CLI::CheckedTransformer(programs).description(""))
      ->type_name("parley|websocket_server|webtransport_server [parley]");
  doctor->add_flag("--json", command.doctor.json, "Print one JSON document instead of text");
  add_settings(*doctor, command, every);
}

bool is_help(const std::string& word) { return word == "-h" || word == "--help"; }

}  // namespace

Result<CommandLine, CommandExit> parse_parley_arguments(std::span<const std::string> arguments) {
  CommandLine command;
  // What follows belongs to the load tool, or to `metrics`, which have a help of their own.
  if (!arguments.empty() && arguments.front() == "bench") {
    command.verb = Verb::bench;
    command.bench_args.assign(arguments.begin() + 1, arguments.end());
    return command;
  }
  if (!arguments.empty() && arguments.front() == "metrics") {
    command.verb = Verb::metrics;
    command.metrics_args.assign(arguments.begin() + 1, arguments.end());
    return command;
  }
  std::vector<std::string> words(arguments.begin(), arguments.end());
  if (!words.empty() && words.front() == "--version") words.front() = "version";
  const bool no_verb = words.empty() || (words.front().starts_with("-") && !is_help(words.front()));
  if (no_verb) words.insert(words.begin(), "serve");

  CLI::App app("Parley, a relay for live rooms", "parley");
  app.require_subcommand(1);
  app.get_formatter()->column_width(44);
  add_settings(*add_verb(app, command, Verb::serve, "serve", "Run the relay (the default)"),
               command, every);
  add_dev(app, command);
  app.add_subcommand("bench", "Put load on a relay and measure; see parley bench --help");
  app.add_subcommand("metrics", "Show Prometheus what servers tell; see parley metrics --help");
  std::string ttl = "10m";
  add_token(app, command, ttl);
  add_cert(app, command);
  add_db(app, command);
  add_config(app, command);
  add_doctor(app, command);
  add_verb(app, command, Verb::version, "version", "Print what this build is");
  app.footer("Settings come from flags, then PARLEY_SECTION_KEY variables, then --config FILE.");

  auto parsed = parse(app, command, words);
  if (!parsed) return parsed;
  const auto duration = parse_duration(ttl);
  if (!duration || *duration < 1s || *duration > std::chrono::hours(24 * 3660))
    return tl::unexpected(
        CommandExit{usage_error, "--ttl must be a duration such as 10m or 24h\n"});
  parsed->token_create.ttl = std::chrono::duration_cast<Millis>(*duration);
  return parsed;
}

Result<CommandLine, CommandExit> parse_drop_in_arguments(Program program,
                                                         std::span<const std::string> arguments) {
  CommandLine command;
  const bool is_websocket = program == Program::websocket_server;
  CLI::App app(std::string("Relays live rooms over ") +
                   (is_websocket ? "WebSocket" : "WebTransport") +
                   "; a drop-in server driven by its environment",
               std::string(program_name(program)));
  app.get_formatter()->column_width(44);
  const auto show_version = [&command](std::int64_t) { command.verb = Verb::version; };
  app.add_flag_function("--version", show_version, "Print what this build is");
  add_settings(app, command, every, program);
  return parse(app, command, arguments);
}

}  // namespace parley
