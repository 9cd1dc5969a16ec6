#include "bench/target.h"

#include <fmt/format.h>
#include <netdb.h>

#include <charconv>
#include <cstring>
#include <utility>

namespace parley::bench {
namespace {

Result<Address> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;  // or else every address comes three times
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) return fail(fmt::format("cannot resolve {}: {}", host, ::gai_strerror(code)));
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

Result<Endpoint> parse_authority(std::string_view url, std::string_view authority,
                                 std::uint16_t usual_port) {
  Endpoint endpoint;
  endpoint.port = usual_port;
  std::string_view host = authority;
  const bool is_bracketed = authority.starts_with('[');
  const std::size_t host_end = is_bracketed ? authority.find(']') : 0;
  if (host_end == std::string_view::npos) return fail(fmt::format("\"{}\" lacks a ]", url));
  if (const std::size_t colon = authority.find(':', host_end); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    const std::string_view digits = authority.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
    if (error != std::errc{} || end != digits.data() + digits.size() || endpoint.port == 0)
      return fail(fmt::format("\"{}\" is no port", digits));
  }
  if (is_bracketed) host = host.substr(1, host_end - 1);
  if (host.empty()) return fail(fmt::format("\"{}\" names no host", url));
  endpoint.host = host;
  auto address = resolve(endpoint.host, endpoint.port);
  if (!address) return fail(address.error().message);
  endpoint.address = *address;
  return endpoint;
}

}  // namespace

std::string Endpoint::authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string Target::path(std::size_t index, std::string_view user, std::string_view room) const {
  if (make_token) return fmt::format("/lobby?token={}", make_token(user, room));
  if (!tokens.empty()) return fmt::format("/lobby?token={}", tokens[index % tokens.size()]);
  return fmt::format("/lobby/{}/{}", user, room);
}

Result<void> add_url(Target& target, std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end);
  const bool is_webtransport = scheme == "https";
  if (scheme_end == std::string_view::npos ||
      (scheme != "ws" && scheme != "wss" && !is_webtransport))
    return fail(fmt::format(
        "\"{}\" is no address like ws://127.0.0.1:8080 or https://127.0.0.1:4433", url));
  std::string_view authority = url.substr(scheme_end + 3);
  authority = authority.substr(0, authority.find('/'));
  auto endpoint = parse_authority(url, authority, scheme == "ws" ? 80 : 443);
  if (!endpoint) return fail(endpoint.error().message);
  endpoint->is_tls = scheme == "wss";
  (is_webtransport ? target.webtransport : target.websocket) = std::move(*endpoint);
  return {};
}

}  // namespace parley::bench
