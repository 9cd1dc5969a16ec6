#pragma once
// UdpAddress and UdpPath: where a datagram comes from and goes to.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace parley {

/// An IP address and port, as the kernel writes it. IPv4 on a dual-stack socket is an IPv6 address
/// (::ffff:192.0.2.1).
class UdpAddress {
 public:
  UdpAddress() : storage_{.v6 = {}} {}
  explicit UdpAddress(const sockaddr_in& v4) : UdpAddress() { storage_.v4 = v4; }
  explicit UdpAddress(const sockaddr_in6& v6) : UdpAddress() { storage_.v6 = v6; }
  /// Copies IPv4 and IPv6 addresses; everything else becomes an empty one.
  static UdpAddress copy_of(const sockaddr* address);

  [[nodiscard]] bool is_v6() const { return storage_.generic.sa_family == AF_INET6; }
  /// IPv4, in whichever form.
  [[nodiscard]] bool means_v4() const;
  [[nodiscard]] std::uint16_t port() const;
  /// "192.0.2.1:4433", "[2001:db8::1]:4433".
  [[nodiscard]] std::string text() const;

  [[nodiscard]] sockaddr* data() { return &storage_.generic; }
  [[nodiscard]] const sockaddr* data() const { return &storage_.generic; }
  [[nodiscard]] const sockaddr_in& v4() const { return storage_.v4; }
  [[nodiscard]] const sockaddr_in6& v6() const { return storage_.v6; }
  [[nodiscard]] socklen_t length() const {
    return is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  }
  static constexpr socklen_t length_max = sizeof(sockaddr_in6);

  friend bool operator==(const UdpAddress& a, const UdpAddress& b);

 private:
  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_;
};

/// Our end and the peer's.
struct UdpPath {
  UdpAddress local;
  UdpAddress remote;
  friend bool operator==(const UdpPath&, const UdpPath&) = default;
};

}  // namespace parley
