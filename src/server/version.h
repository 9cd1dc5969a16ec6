#pragma once
// What was built, and when. The values are set by CMake; see src/CMakeLists.txt.

#include <string>
#include <string_view>

namespace parley {

struct Version {
  std::string_view version;
  std::string_view git_sha;  ///< eight characters, or "unknown"
  std::string_view git_branch;
  std::string_view build_timestamp;
};

[[nodiscard]] Version version();

/// How a process or port names itself in its version.
inline constexpr std::string_view websocket_service = "websocket-relay";
inline constexpr std::string_view webtransport_service = "webtransport-relay";

/// The answer to GET /version, as the public servers give it.
[[nodiscard]] std::string version_json(std::string_view service);

/// One line on stdout: what `program` is. The exit code.
int print_version(std::string_view program);

}  // namespace parley
