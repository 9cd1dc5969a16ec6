#pragma once
// Target: the relay under load: where it listens and what to ask it for.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/link.h"

namespace parley::bench {

/// A resolved address.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// Where one transport of a relay listens.
struct Endpoint {
  std::string host;
  /// 0: nowhere.
  std::uint16_t port = 0;
  Address address;
  /// WebSocket over TLS.
  bool is_tls = false;

  /// "127.0.0.1:8080", "[::1]:8080".
  [[nodiscard]] std::string authority() const;
};

/// A relay. It listens for one transport or for both.
struct Target {
  Endpoint websocket;
  Endpoint webtransport;
  /// What every participant has in between.
  LinkPlan link;
  /// When not empty, connections use `/lobby?token=`, in order and over again; the tokens then
  /// decide users and rooms.
  std::vector<std::string> tokens;
  /// When set, makes the token of each connection instead.
  std::function<std::string(std::string_view user, std::string_view room)> make_token;

  /// What the `index`-th connection asks for: the token or the path endpoint.
  [[nodiscard]] std::string path(std::size_t index, std::string_view user,
                                 std::string_view room) const;
};

/// Reads `ws://host[:port]` or `wss://host[:port]`, which are WebSocket, or `https://host[:port]`,
/// which is WebTransport, into its place in `target`, and resolves the host.
Result<void> add_url(Target& target, std::string_view url);

}  // namespace parley::bench
