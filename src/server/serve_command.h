#pragma once
// Running a relay from the command line: `parley serve`, `parley dev` and `websocket_server`.

#include "server/command_line.h"
#include "server/config.h"

namespace parley {

/// Loads the configuration and runs until a signal. The exit code; errors go to stderr.
int run_relay(Program program, const CommandLine& command);

/// The configuration of a command line and the process's environment, or its error on stderr.
[[nodiscard]] std::optional<LoadedConfig> load_config_or_complain(Program program,
                                                                  const CommandLine& command);

}  // namespace parley
