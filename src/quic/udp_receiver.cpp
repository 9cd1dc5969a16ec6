#include "quic/udp_receiver.h"

#include <netinet/ip.h>
#include <netinet/udp.h>

#include <cstring>

namespace parley {
namespace {

/// The two lowest bits of the traffic class (RFC 3168 §5).
constexpr int ecn_mask = 0x03;

template <class T>
T value_of(const cmsghdr& message) {
  T value{};
  std::memcpy(&value, CMSG_DATA(&message), sizeof value);
  return value;
}

}  // namespace

UdpReceiver::UdpReceiver(int native_socket, const UdpAddress& local, QuicStats& stats)
    : socket_(native_socket), local_(local), stats_(stats), arena_(trains_max * train_bytes_max) {}

std::span<const UdpTrain> UdpReceiver::receive() {
  for (std::size_t i = 0; i < trains_max; ++i) {
    vectors_[i] = {arena_.data() + i * train_bytes_max, train_bytes_max};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_name = remotes_[i].data();
    header.msg_namelen = UdpAddress::length_max;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].bytes.data();
    header.msg_controllen = controls_[i].bytes.size();
  }
  stats_.receives.add();
  const int count =
      ::recvmmsg(socket_, headers_.data(), trains_max, MSG_DONTWAIT, /*timeout=*/nullptr);
  if (count <= 0) return {};
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    UdpTrain& train = trains_[i];
    train.bytes = {arena_.data() + i * train_bytes_max, headers_[i].msg_len};
    train.segment = train.bytes.size();
    train.path = {local_, remotes_[i]};
    train.ecn = 0;
    read_control(headers_[i].msg_hdr, train);
  }
  return std::span<const UdpTrain>(trains_).first(static_cast<std::size_t>(count));
}

void UdpReceiver::read_control(msghdr& header, UdpTrain& train) const {
  for (cmsghdr* message = CMSG_FIRSTHDR(&header); message != nullptr;
       message = CMSG_NXTHDR(&header, message)) {
    const int level = message->cmsg_level;
    const int type = message->cmsg_type;
    if (level == IPPROTO_UDP && type == UDP_GRO) {
      const int segment = value_of<int>(*message);
      if (segment > 0) train.segment = static_cast<std::size_t>(segment);
    } else if (level == IPPROTO_IP && type == IP_TOS) {
      train.ecn = static_cast<std::uint8_t>(value_of<std::uint8_t>(*message) & ecn_mask);
    } else if (level == IPPROTO_IPV6 && type == IPV6_TCLASS) {
      train.ecn = static_cast<std::uint8_t>(value_of<int>(*message) & ecn_mask);
    } else if (level == IPPROTO_IP && type == IP_PKTINFO && !local_.is_v6()) {
      sockaddr_in local = local_.v4();
      local.sin_addr = value_of<in_pktinfo>(*message).ipi_addr;
      train.path.local = UdpAddress(local);
    } else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
      sockaddr_in6 local = local_.v6();
      local.sin6_addr = value_of<in6_pktinfo>(*message).ipi6_addr;
      train.path.local = UdpAddress(local);
    }
  }
}

}  // namespace parley
