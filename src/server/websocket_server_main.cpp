// websocket_server: the relay over WebSocket, in the place of the original server of this name.

#include <cstdio>
#include <string>
#include <vector>

#include "server/command_line.h"
#include "server/serve_command.h"
#include "server/version.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto command = parley::parse_websocket_server_arguments(arguments);
  if (!command) {
    std::fputs(command.error().text.c_str(), command.error().code == 0 ? stdout : stderr);
    return command.error().code;
  }
  if (command->verb == parley::Verb::version) return parley::print_version("websocket_server");
  return parley::run_relay(parley::Program::websocket_server, *command);
}
