#pragma once
// What was built, and when. The values are set by CMake; see src/CMakeLists.txt.

#include <string_view>

namespace parley {

struct Version {
  std::string_view version;
  std::string_view git_sha;  ///< eight characters, or "unknown"
  std::string_view git_branch;
  std::string_view build_timestamp;
};

[[nodiscard]] Version version();

/// The answer to GET /version, as the public servers give it.
[[nodiscard]] std::string_view version_json();

/// One line on stdout: what `program` is. The exit code.
int print_version(std::string_view program);

}  // namespace parley
