// The UDP sockets of all shards on one port (open_udp_sockets of quic_endpoint.h).

#include <linux/filter.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "quic/quic_endpoint.h"
#include "quic/udp_address.h"

namespace parley {
namespace {

constexpr int on = 1;

/// Closes what was opened unless everything went well.
class SocketSet {
 public:
  SocketSet() = default;
  ~SocketSet() {
    for (const int native : sockets_.native) ::close(native);
  }
  SocketSet(const SocketSet&) = delete;
  SocketSet& operator=(const SocketSet&) = delete;

  void add(int native) { sockets_.native.push_back(native); }
  [[nodiscard]] int first() const { return sockets_.native.front(); }
  [[nodiscard]] UdpSockets release(std::uint16_t port) {
    sockets_.port = port;
    return std::exchange(sockets_, {});
  }

 private:
  UdpSockets sockets_;
};

/// The first address of a name or an IP address.
Result<UdpAddress> resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0)
    return fail("cannot listen on \"" + host + "\": " + std::string(::gai_strerror(error)));
  const UdpAddress address = UdpAddress::copy_of(found->ai_addr);
  ::freeaddrinfo(found);
  return address;
}

bool set(int native, int level, int option, int value) {
  return ::setsockopt(native, level, option, &value, sizeof value) == 0;
}

/// Packet information, ECN, no kernel fragmentation, joined datagrams. None of them is vital: what
/// the kernel does not know costs speed, not correctness.
void set_options(int native, const UdpAddress& address, const QuicRules& rules) {
  if (address.is_v6()) {
    set(native, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    set(native, IPPROTO_IPV6, IPV6_RECVPKTINFO, on);
    set(native, IPPROTO_IPV6, IPV6_RECVTCLASS, on);
    set(native, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  } else {
    set(native, IPPROTO_IP, IP_PKTINFO, on);
  }
  // Of IPv4 on an IPv6 socket, too.
  set(native, IPPROTO_IP, IP_RECVTOS, on);
  set(native, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  set(native, IPPROTO_UDP, UDP_GRO, on);
  set(native, SOL_SOCKET, SO_RCVBUF, static_cast<int>(rules.socket_buffer));
  set(native, SOL_SOCKET, SO_SNDBUF, static_cast<int>(rules.socket_buffer));
}

void warn_of_small_buffer(int native, const QuicRules& rules) {
  int granted = 0;
  socklen_t length = sizeof granted;
  if (::getsockopt(native, SOL_SOCKET, SO_RCVBUF, &granted, &length) != 0) return;
  // The kernel answers with twice what it gives.
  if (static_cast<std::size_t>(granted) / 2 >= rules.socket_buffer) return;
  log_warning("the UDP receive buffer is smaller than asked for; raise net.core.rmem_max",
              {{"asked", rules.socket_buffer}, {"granted", granted / 2}});
}

/// A datagram goes to the shard of its first connection id byte: byte 1 of a short header, byte 6
/// of a long one (RFC 9000 §17). Whatever is too short for that goes to shard 0.
bool steer(int native, std::size_t shards) {
  std::array<sock_filter, 7> program = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80, 0, 2),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),
      BPF_STMT(BPF_JMP | BPF_JA, 1),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 1),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, static_cast<std::uint32_t>(shards)),
      BPF_STMT(BPF_RET | BPF_A, 0),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::setsockopt(native, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

tl::unexpected<Error> bind_error(const UdpAddress& address) {
  if (errno == EADDRINUSE)
    return fail("UDP port " + std::to_string(address.port()) +
                " is in use: another process, perhaps another Parley, listens there");
  return fail("cannot listen on UDP " + address.text() + ": " + std::strerror(errno));
}

Result<UdpAddress> bound_address(int native) {
  UdpAddress bound;
  socklen_t length = UdpAddress::length_max;
  if (::getsockname(native, bound.data(), &length) != 0)
    return fail(std::string("cannot ask a UDP socket for its port: ") + std::strerror(errno));
  return bound;
}

}  // namespace

Result<UdpSockets> open_udp_sockets(const std::string& address, std::uint16_t port,
                                    std::size_t shards, const QuicRules& rules) {
  Result<UdpAddress> wanted = resolve(address, port);
  if (!wanted) return tl::unexpected(wanted.error());
  SocketSet sockets;
  for (std::size_t i = 0; i < shards; ++i) {
    const int family = wanted->is_v6() ? AF_INET6 : AF_INET;
    const int native = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (native < 0) return fail(std::string("cannot open a UDP socket: ") + std::strerror(errno));
    sockets.add(native);
    set_options(native, *wanted, rules);
    // The first one binds alone, which fails while anybody has the port, and opens it to its
    // sisters afterwards. If all bound as equals, a second server would silently share the port.
    if (i > 0 && !set(native, SOL_SOCKET, SO_REUSEPORT, on)) return bind_error(*wanted);
    if (::bind(native, wanted->data(), wanted->length()) != 0) return bind_error(*wanted);
    if (i > 0) continue;
    wanted = bound_address(native);
    if (!wanted) return tl::unexpected(wanted.error());
    warn_of_small_buffer(native, rules);
    if (shards > 1 && !set(native, SOL_SOCKET, SO_REUSEPORT, on)) return bind_error(*wanted);
  }
  if (shards > 1 && !steer(sockets.first(), shards))
    return fail(std::string("cannot steer UDP datagrams to their shards: ") + std::strerror(errno));
  return sockets.release(wanted->port());
}

}  // namespace parley
