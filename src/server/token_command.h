#pragma once
// `parley token`: makes tokens and looks into them.

#include <iosfwd>
#include <string>

#include "base/time.h"
#include "server/command_line.h"
#include "server/config.h"

namespace parley {

/// Prints a token alone on `out`. Answers the exit code.
int run_token_create(const TokenCreateOptions& options, const Config& config, UnixMillis now,
                     std::ostream& out, std::ostream& err);

/// Prints header, claims and verdict. 0 when the token would be let in, 1 otherwise.
int run_token_inspect(const std::string& token, const Config& config, UnixMillis now,
                      std::ostream& out, std::ostream& err);

}  // namespace parley
