#include "server/version.h"

#include <fmt/format.h>

namespace parley {

Version version() {
  return {PARLEY_VERSION, PARLEY_GIT_SHA, PARLEY_GIT_BRANCH, PARLEY_BUILD_TIMESTAMP};
}

std::string version_json(std::string_view service) {
  return fmt::format(
      R"({{"service":"{}","version":"{}","git_sha":"{}","git_branch":"{}","build_timestamp":"{}"}})",
      service, version().version, version().git_sha, version().git_branch,
      version().build_timestamp);
}

int print_version(std::string_view program) {
  fmt::print("{} {} ({}, {})\n", program, version().version, version().git_sha,
             version().build_timestamp);
  return 0;
}

}  // namespace parley
