#include "server/version.h"

#include <fmt/format.h>

#include <string>

namespace parley {

Version version() {
  return {PARLEY_VERSION, PARLEY_GIT_SHA, PARLEY_GIT_BRANCH, PARLEY_BUILD_TIMESTAMP};
}

std::string_view version_json() {
  static const std::string json = fmt::format(
      R"({{"service":"websocket-relay","version":"{}","git_sha":"{}","git_branch":"{}","build_timestamp":"{}"}})",
      version().version, version().git_sha, version().git_branch, version().build_timestamp);
  return json;
}

int print_version(std::string_view program) {
  fmt::print("{} {} ({}, {})\n", program, version().version, version().git_sha,
             version().build_timestamp);
  return 0;
}

}  // namespace parley
