#pragma once
// `parley cert`: makes certificates and looks into them.

#include <iosfwd>
#include <string>

#include "base/time.h"
#include "server/command_line.h"
#include "server/config.h"

namespace parley {

/// Writes certificate.pem and key.pem and says what they are. Answers the exit code.
int run_cert_create(const CertCreateOptions& options, UnixMillis now, std::ostream& out,
                    std::ostream& err);

/// Says whom the certificate in `file` is for, until when, and how browsers come to trust it; an
/// empty `file` is tls.cert, whose key is checked, too. 1 when a server could not use it.
int run_cert_inspect(const std::string& file, const Config& config, UnixMillis now,
                     std::ostream& out, std::ostream& err);

}  // namespace parley
