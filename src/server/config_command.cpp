#include "server/config_command.h"

#include <algorithm>
#include <ostream>
#include <string_view>

namespace parley {
namespace {

std::string_view section_of(const Setting& setting) {
  return setting.name.substr(0, setting.name.find('.'));
}

std::string_view key_of(const Setting& setting) {
  return setting.name.substr(setting.name.find('.') + 1);
}

std::string_view words_for(ConfigSource source) {
  switch (source) {
    case ConfigSource::defaults:
      return "default";
    case ConfigSource::file:
      return "file";
    case ConfigSource::environment:
      return "environment";
    case ConfigSource::command_line:
      return "command line";
  }
  return "";
}

// Calls `row` with each setting that is shown, under the headings of its sections.
template <class Row>
std::string by_section(Row row) {
  std::string text;
  std::string_view section;
  for (const auto& setting : settings()) {
    if (setting.hidden) continue;
    if (section_of(setting) != section) {
      section = section_of(setting);
      (text += text.empty() ? "[" : "\n[").append(section) += "]\n";
    }
    text += row(setting);
  }
  return text;
}

}  // namespace

std::string example_config_file() {
  const Config defaults;
  return "# Parley's settings, each at its default. Take a line over without its mark to change "
         "it.\n"
         "#\n"
         "# The same names work as flags (--server.port 8080) and as variables\n"
         "# (PARLEY_SERVER_PORT=8080). Flags win over variables, variables over this file.\n"
         "# Durations: 500ms, 25s, 2m, 1h. Sizes: 4096B, 64KiB, 2MiB. Unknown names are "
         "refused.\n\n" +
         by_section([&](const Setting& setting) {
           std::string row = "# " + std::string(setting.help) + ".\n";
           row += "# Environment: " + environment_name(setting) +
                  ". Allowed: " + setting_allowed(setting) + ".\n";
           return row + std::string(key_of(setting)) + " = " + setting_toml(defaults, setting) +
                  "\n";
         });
}

int run_config_print_defaults(std::ostream& out) {
  out << example_config_file();
  return 0;
}

int run_config_print(const LoadedConfig& loaded, std::ostream& out) {
  out << by_section([&](const Setting& setting) {
    const auto found = loaded.sources.find(setting.name);
    const auto source = found == loaded.sources.end() ? ConfigSource::defaults : found->second;
    const bool keep_secret = setting.secret && !setting_text(loaded.config, setting).empty();
    std::string row = std::string(key_of(setting)) + " = ";
    row += keep_secret ? "\"\"" : setting_toml(loaded.config, setting);
    if (keep_secret)
      row += "  # set, and not shown";
    else if (source != ConfigSource::defaults)
      row += "  # " + std::string(words_for(source));
    return row + "\n";
  });
  return 0;
}

int run_config_check(const LoadedConfig& loaded, std::ostream& out) {
  for (const auto& note : loaded.notes) out << "note: " << note << "\n";
  out << "The configuration can be used: " << loaded.sources.size() << " of "
      << std::count_if(settings().begin(), settings().end(),
                       [](const Setting& setting) { return !setting.hidden; })
      << " settings are set.\n";
  return 0;
}

}  // namespace parley
