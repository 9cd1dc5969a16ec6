#pragma once
// `parley config`: shows the settings in force, and checks a configuration without starting.

#include <iosfwd>
#include <string>

#include "server/command_line.h"
#include "server/config.h"

namespace parley {

/// Prints the settings in force as a file, with who set each; secrets are left out.
int run_config_print(const LoadedConfig& loaded, std::ostream& out);

/// Prints every setting at its default with its help: what etc/parley.toml holds.
int run_config_print_defaults(std::ostream& out);

/// Says that the configuration can be used, and what is worth knowing about it.
int run_config_check(const LoadedConfig& loaded, std::ostream& out);

/// The text of etc/parley.toml.
[[nodiscard]] std::string example_config_file();

}  // namespace parley
