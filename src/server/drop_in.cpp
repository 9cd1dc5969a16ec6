#include "server/drop_in.h"

#include <cstdio>
#include <string>
#include <vector>

#include "server/command_line.h"
#include "server/serve_command.h"
#include "server/version.h"

namespace parley {

int run_drop_in(Program program, int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto command = parse_drop_in_arguments(program, arguments);
  if (!command) {
    std::fputs(command.error().text.c_str(), command.error().code == 0 ? stdout : stderr);
    return command.error().code;
  }
  if (command->verb == Verb::version) return print_version(program_name(program));
  return run_relay(program, *command);
}

}  // namespace parley
