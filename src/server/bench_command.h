#pragma once
// `parley bench`: puts load on a relay and measures what comes out.

#include <string>
#include <vector>

namespace parley {

/// Runs the load tool with the arguments behind `bench` and returns the exit code: 0; 1 when it
/// could not be run; 2 for arguments that make no sense; 3 when --enforce was given and a bar was
/// missed.
int run_bench_command(const std::vector<std::string>& args);

}  // namespace parley
