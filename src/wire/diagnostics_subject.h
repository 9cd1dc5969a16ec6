#pragma once
// Where servers tell those who watch how they are: the subjects of diagnostics on the bus.

#include <string>
#include <string_view>

namespace parley {

/// Under these a listener finds the reports of every server.
inline constexpr std::string_view health_subjects = "health.diagnostics.>";
inline constexpr std::string_view connection_subjects = "server.connections.>";

/// Which server speaks: what its subjects end with.
struct ServerPlace {
  std::string region;
  std::string service_type;
  std::string instance;
};

/// `text` as one token of a subject: what has a meaning there (dots, `*`, `>`, blanks, control
/// characters) becomes `_`, what is longer than 128 bytes is cut, and nothing is `_`. So "eu.west
/// 1" is "eu_west_1": a listener to `….eu_west_1.>` finds it, and no name can pretend to be two.
[[nodiscard]] std::string subject_token(std::string_view text);

/// `health.diagnostics.<region>.<service type>.<instance>`
[[nodiscard]] std::string health_subject(const ServerPlace& place);
/// `server.connections.<region>.<service type>.<instance>`
[[nodiscard]] std::string connection_subject(const ServerPlace& place);

}  // namespace parley
