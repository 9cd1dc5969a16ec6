#pragma once
// `parley doctor`: says what stands in the way of a server with these settings, and what to do.

#include <iosfwd>

#include "server/command_line.h"
#include "server/config.h"
#include "server/doctor.h"

namespace parley {

/// Looks at the machine and asks whom the settings name; takes some seconds when NATS or the
/// database does not answer.
[[nodiscard]] MachineFacts examine_machine(const Config& config);

/// The exit code: 0 when there are no problems, 1 otherwise. Settings that cannot be read are one.
int run_doctor(const CommandLine& command, const Environment& environment, std::ostream& out);

}  // namespace parley
