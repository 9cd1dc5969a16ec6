// parley: the relay, its page and its tools in one binary.

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "server/bench_command.h"
#include "server/cert_command.h"
#include "server/command_line.h"
#include "server/config_command.h"
#include "server/db_command.h"
#include "server/doctor_command.h"
#include "server/metrics_command.h"
#include "server/serve_command.h"
#include "server/token_command.h"
#include "server/version.h"

namespace {

using namespace parley;

std::string database_url(const CommandLine& command) {
  return command.database_url.empty() ? process_environment()["DATABASE_URL"]
                                      : command.database_url;
}

int run_with_config(const CommandLine& command) {
  const auto loaded = load_config_or_complain(Program::parley_serve, command);
  if (!loaded) return 2;
  switch (command.verb) {
    case Verb::token_create:
      return run_token_create(command.token_create, loaded->config, unix_now(), std::cout,
                              std::cerr);
    case Verb::token_inspect:
      return run_token_inspect(command.token, loaded->config, unix_now(), std::cout, std::cerr);
    case Verb::cert_create:
      return run_cert_create(command.cert_create, unix_now(), std::cout, std::cerr);
    case Verb::cert_inspect:
      return run_cert_inspect(command.certificate_file, loaded->config, unix_now(), std::cout,
                              std::cerr);
    case Verb::config_print:
      return command.print_defaults ? run_config_print_defaults(std::cout)
                                    : run_config_print(*loaded, std::cout);
    default:
      return run_config_check(*loaded, std::cout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto command = parse_parley_arguments(arguments);
  if (!command) {
    std::fputs(command.error().text.c_str(), command.error().code == 0 ? stdout : stderr);
    return command.error().code;
  }
  switch (command->verb) {
    case Verb::serve:
      return run_relay(Program::parley_serve, *command);
    case Verb::dev:
      return run_relay(Program::parley_dev, *command);
    case Verb::bench:
      return run_bench_command(command->bench_args);
    case Verb::db_status:
      return run_db_status(database_url(*command), std::cout, std::cerr);
    case Verb::db_migrate:
      return run_db_migrate(database_url(*command), std::cout, std::cerr);
    case Verb::doctor:
      return run_doctor(*command, process_environment(), std::cout);
    case Verb::metrics:
      return run_metrics_command(command->metrics_args);
    case Verb::version:
      return print_version("parley");
    default:
      return run_with_config(*command);
  }
}
