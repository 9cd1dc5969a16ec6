#pragma once
// Transport: how a participant reaches the relay.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::bench {

enum class Transport : std::uint8_t { websocket, webtransport };
const char* name_of(Transport transport);

/// How the participants of a run do.
enum class Transports : std::uint8_t {
  websocket,
  /// WebSocket over TLS.
  wss,
  webtransport,
  /// Half of them so, half so.
  mixed,
};
const char* name_of(Transports transports);
inline constexpr std::string_view transports_names = "websocket, wss, webtransport, mixed";
std::optional<Transports> find_transports(std::string_view name);

/// Whether anybody uses `transport`.
[[nodiscard]] bool includes(Transports transports, Transport transport);

/// What the `member`-th of a room uses. In a mixed room where some only receive, senders are on
/// WebSocket and the others on WebTransport; where all send, every second one is.
[[nodiscard]] Transport transport_of(Transports transports, std::size_t member, std::size_t senders,
                                     std::size_t members);

}  // namespace parley::bench
