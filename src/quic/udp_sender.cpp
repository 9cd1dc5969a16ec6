#include "quic/udp_sender.h"

#include <netinet/ip.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace parley {
namespace {

template <class T>
void append_control(msghdr& header, std::size_t& used, int level, int type, const T& value) {
  auto* message = reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(header.msg_control) + used);
  message->cmsg_level = level;
  message->cmsg_type = type;
  message->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(message), &value, sizeof value);
  used += CMSG_SPACE(sizeof value);
}

void append_source(msghdr& header, std::size_t& used, const UdpAddress& local) {
  if (local.is_v6()) {
    in6_pktinfo source{};
    source.ipi6_addr = local.v6().sin6_addr;
    append_control(header, used, IPPROTO_IPV6, IPV6_PKTINFO, source);
  } else {
    in_pktinfo source{};
    source.ipi_spec_dst = local.v4().sin_addr;
    append_control(header, used, IPPROTO_IP, IP_PKTINFO, source);
  }
}

}  // namespace

UdpSender::UdpSender(int native_socket, QuicStats& stats)
    : socket_(native_socket), stats_(stats), arena_(arena_bytes) {
  trains_.reserve(trains_per_call);
}

MutableBytes UdpSender::space() {
  if (is_blocked_) return {};
  const bool is_full = used_ + packet_bytes_max > arena_bytes || trains_.size() == trains_per_call;
  if (is_full && !send()) return {};
  return MutableBytes(arena_).subspan(used_, packet_bytes_max);
}

void UdpSender::add(std::size_t bytes, const UdpPath& path, std::uint8_t ecn, bool alone) {
  if (alone || !fits_last(bytes, path, ecn)) {
    trains_.push_back({.path = path,
                       .start = used_,
                       .segment = static_cast<std::uint16_t>(bytes),
                       .ecn = ecn,
                       .is_closed = alone || !uses_segments_});
  }
  Train& train = trains_.back();
  train.bytes += bytes;
  ++train.packets;
  if (bytes < train.segment) train.is_closed = true;
  used_ += bytes;
}

bool UdpSender::fits_last(std::size_t bytes, const UdpPath& path, std::uint8_t ecn) const {
  if (trains_.empty()) return false;
  const Train& last = trains_.back();
  return !last.is_closed && bytes <= last.segment && last.packets < train_packets_max &&
         last.bytes + bytes <= train_bytes_max && last.ecn == ecn && last.path == path;
}

bool UdpSender::send() {
  if (is_blocked_) return false;
  while (sent_ < trains_.size()) {
    const int count = send_call();
    if (count > 0) {
      on_sent(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      is_blocked_ = true;
      return false;
    }
    if ((errno == EIO || errno == EINVAL) && trains_[sent_].packets > 1) {
      split_next_train();
      continue;
    }
    // EMSGSIZE: a path MTU probe that is too large. Others: no route, a firewall. All are losses.
    suspects_segments_ = false;
    stats_.datagrams_unsent.add(trains_[sent_++].packets);
  }
  trains_.clear();
  sent_ = 0;
  used_ = 0;
  return true;
}

int UdpSender::send_call() {
  const std::size_t count = std::min(trains_.size() - sent_, trains_per_call);
  for (std::size_t i = 0; i < count; ++i) {
    Train& train = trains_[sent_ + i];
    vectors_[i] = {arena_.data() + train.start, train.bytes};
    msghdr& header = headers_[i].msg_hdr;
    header = {};
    header.msg_name = train.path.remote.data();
    header.msg_namelen = train.path.remote.length();
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_controllen = write_control(train, controls_[i], header);
  }
  stats_.sends.add();
  return ::sendmmsg(socket_, headers_.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
}

std::size_t UdpSender::write_control(const Train& train, Control& control, msghdr& header) const {
  control.bytes.fill(0);
  header.msg_control = control.bytes.data();
  std::size_t used = 0;
  append_source(header, used, train.path.local);
  if (train.ecn != 0) {
    const int ecn = train.ecn;
    // The IPv4 header of a mapped address has IPv4's option, on an IPv6 socket too.
    if (train.path.remote.means_v4())
      append_control(header, used, IPPROTO_IP, IP_TOS, ecn);
    else
      append_control(header, used, IPPROTO_IPV6, IPV6_TCLASS, ecn);
  }
  if (train.packets > 1) append_control(header, used, IPPROTO_UDP, UDP_SEGMENT, train.segment);
  return used;
}

void UdpSender::on_sent(std::size_t trains) {
  if (std::exchange(suspects_segments_, false) && uses_segments_) {
    uses_segments_ = false;
    log_warning("the kernel refuses UDP_SEGMENT: packets are sent one by one from now on");
  }
  for (std::size_t i = 0; i < trains; ++i) {
    const Train& train = trains_[sent_++];
    stats_.datagrams_out.add(train.packets);
    stats_.bytes_out.add(train.bytes);
  }
}

void UdpSender::split_next_train() {
  suspects_segments_ = true;
  const Train train = trains_[sent_];
  std::vector<Train> singles;
  for (std::size_t done = 0; done < train.bytes; done += train.segment) {
    const std::size_t bytes = std::min<std::size_t>(train.segment, train.bytes - done);
    singles.push_back({.path = train.path,
                       .start = train.start + done,
                       .bytes = bytes,
                       .segment = static_cast<std::uint16_t>(bytes),
                       .packets = 1,
                       .ecn = train.ecn,
                       .is_closed = true});
  }
  const auto place = trains_.erase(trains_.begin() + static_cast<std::ptrdiff_t>(sent_));
  trains_.insert(place, singles.begin(), singles.end());
}

}  // namespace parley
