#pragma once
// TestCertificate: a self-signed certificate for tests of TLS, made on the spot.

#include <string>

namespace parley {

struct TestCertificate {
  std::string chain_pem;
  std::string key_pem;
};

/// ECDSA P-256, valid for an hour, known by its common name.
[[nodiscard]] TestCertificate make_test_certificate(const std::string& name);

}  // namespace parley
