#include "bench/udp_line.h"

#include <fmt/format.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace parley::bench {
namespace {

// A keyframe of everybody at once; the kernel may grant less.
constexpr int socket_buffer_bytes = 4 * 1024 * 1024;

struct alignas(cmsghdr) Control {
  std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> bytes{};
};

void set(int native, int level, int option, int value) {
  ::setsockopt(native, level, option, &value, sizeof value);
}

std::size_t segment_of(msghdr& header, std::size_t usual) {
  for (cmsghdr* message = CMSG_FIRSTHDR(&header); message != nullptr;
       message = CMSG_NXTHDR(&header, message)) {
    if (message->cmsg_level != IPPROTO_UDP || message->cmsg_type != UDP_GRO) continue;
    int segment = 0;
    std::memcpy(&segment, CMSG_DATA(message), sizeof segment);
    if (segment > 0) return static_cast<std::size_t>(segment);
  }
  return usual;
}

}  // namespace

UdpLine::~UdpLine() {
  if (native_ >= 0) ::close(native_);
}

Result<void> UdpLine::connect(const Address& remote) {
  const auto* address = reinterpret_cast<const sockaddr*>(&remote.storage);
  native_ = ::socket(address->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (native_ < 0) return fail(fmt::format("socket: {}", std::strerror(errno)));
  set(native_, IPPROTO_UDP, UDP_GRO, 1);
  if (address->sa_family == AF_INET6)
    set(native_, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
  else
    set(native_, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
  set(native_, SOL_SOCKET, SO_RCVBUF, socket_buffer_bytes);
  set(native_, SOL_SOCKET, SO_SNDBUF, socket_buffer_bytes);
  if (::connect(native_, address, remote.size) != 0)
    return fail(fmt::format("cannot connect a UDP socket: {}", std::strerror(errno)));
  path_.remote = UdpAddress::copy_of(address);
  socklen_t length = UdpAddress::length_max;
  if (::getsockname(native_, path_.local.data(), &length) != 0)
    return fail(fmt::format("cannot ask a UDP socket for its port: {}", std::strerror(errno)));
  return {};
}

std::span<const UdpLine::Train> UdpLine::receive(MutableBytes space, Trains& trains) {
  check(space.size() >= trains_max * train_bytes_max, "too little room for what a socket holds");
  std::array<mmsghdr, trains_max> headers{};
  std::array<iovec, trains_max> vectors;
  std::array<Control, trains_max> controls;
  for (std::size_t i = 0; i < trains_max; ++i) {
    vectors[i] = {space.data() + i * train_bytes_max, train_bytes_max};
    msghdr& header = headers[i].msg_hdr;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = controls[i].bytes.data();
    header.msg_controllen = controls[i].bytes.size();
  }
  const int count = ::recvmmsg(native_, headers.data(), trains_max, MSG_DONTWAIT, nullptr);
  if (count <= 0) return {};
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    trains[i].bytes = space.subspan(i * train_bytes_max, headers[i].msg_len);
    trains[i].segment = segment_of(headers[i].msg_hdr, trains[i].bytes.size());
  }
  return std::span<const Train>(trains).first(static_cast<std::size_t>(count));
}

void UdpLine::send(Bytes train, std::size_t segment) {
  if (train.empty()) return;
  iovec vector{const_cast<std::uint8_t*>(train.data()), train.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  Control control;
  if (segment < train.size()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(sizeof(std::uint16_t));
    auto* message = reinterpret_cast<cmsghdr*>(control.bytes.data());
    message->cmsg_level = IPPROTO_UDP;
    message->cmsg_type = UDP_SEGMENT;
    message->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto value = static_cast<std::uint16_t>(segment);
    std::memcpy(CMSG_DATA(message), &value, sizeof value);
  }
  ::sendmsg(native_, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace parley::bench
