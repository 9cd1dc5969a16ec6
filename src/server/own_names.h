#pragma once
// Names of this machine: by what others reach a listener of ours.

#include <string>
#include <vector>

namespace parley {

/// The addresses of this machine's interfaces that are up, without loopback and link-local ones.
[[nodiscard]] std::vector<std::string> interface_addresses();

/// Whom a certificate must be for so that browsers here, and those that reach a listener on `host`,
/// find the name they used: localhost always; with a wildcard address this machine's name and
/// addresses, too.
[[nodiscard]] std::vector<std::string> own_names(const std::string& host);

/// Whether a listener on `host` can be reached from other machines.
[[nodiscard]] bool is_wildcard(const std::string& host);

}  // namespace parley
