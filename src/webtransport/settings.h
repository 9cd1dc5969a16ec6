#pragma once
// SETTINGS: what each side of an HTTP/3 connection says about itself first (RFC 9114 §7.2.4).

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "webtransport/error_code.h"

namespace parley {

/// What a client's SETTINGS tell us. Whether it says that it knows WebTransport does not matter:
/// one client that does says nothing.
struct Http3Settings {
  /// It takes HTTP datagrams (RFC 9297, or the draft that browsers still name).
  bool takes_datagrams = false;
};

/// The payload of our SETTINGS frame: several drafts of WebTransport at once, since each client
/// looks for another one.
[[nodiscard]] std::vector<std::uint8_t> server_settings();

/// The longest payload of a client's SETTINGS frame that is read.
inline constexpr std::size_t settings_bytes_max = 4096;

/// Reads the payload of a client's SETTINGS frame. Unknown settings are ignored, those of HTTP/2
/// are not.
[[nodiscard]] Result<Http3Settings, Http3Violation> read_settings(Bytes payload);

}  // namespace parley
