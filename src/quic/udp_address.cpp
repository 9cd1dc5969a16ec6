#include "quic/udp_address.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace parley {

UdpAddress UdpAddress::copy_of(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET)
    return UdpAddress(*reinterpret_cast<const sockaddr_in*>(address));
  if (address->sa_family == AF_INET6)
    return UdpAddress(*reinterpret_cast<const sockaddr_in6*>(address));
  return {};
}

bool UdpAddress::means_v4() const {
  return !is_v6() || IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr) != 0;
}

std::uint16_t UdpAddress::port() const {
  return ntohs(is_v6() ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

std::string UdpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (!is_v6()) {
    ::inet_ntop(AF_INET, &storage_.v4.sin_addr, text.data(), text.size());
  } else if (means_v4()) {
    ::inet_ntop(AF_INET, storage_.v6.sin6_addr.s6_addr + 12, text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text.data(), text.size());
    return "[" + std::string(text.data()) + "]:" + std::to_string(port());
  }
  return std::string(text.data()) + ":" + std::to_string(port());
}

bool operator==(const UdpAddress& a, const UdpAddress& b) {
  if (a.storage_.generic.sa_family != b.storage_.generic.sa_family) return false;
  if (a.port() != b.port()) return false;
  if (!a.is_v6()) return a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
  return a.storage_.v6.sin6_scope_id == b.storage_.v6.sin6_scope_id &&
         std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
}

}  // namespace parley
