#pragma once
// UdpReceiver: takes datagrams from a socket, many with one system call.

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "quic/quic_stats.h"
#include "quic/udp_address.h"

namespace parley {

/// Datagrams of one peer that the kernel joined (UDP_GRO): each is `segment` bytes long, the last
/// one perhaps less.
struct UdpTrain {
  Bytes bytes;
  std::size_t segment = 0;
  UdpPath path;
  std::uint8_t ecn = 0;
};

class UdpReceiver {
 public:
  /// Does not own the socket. `local` is what it is bound to.
  UdpReceiver(int native_socket, const UdpAddress& local, QuicStats& stats);
  UdpReceiver(const UdpReceiver&) = delete;
  UdpReceiver& operator=(const UdpReceiver&) = delete;

  /// What waits now, by one call. Good until the next.
  [[nodiscard]] std::span<const UdpTrain> receive();

  /// Trains that one call takes; a train is as much as one datagram may be.
  static constexpr std::size_t trains_max = 8;

 private:
  static constexpr std::size_t train_bytes_max = 64 * 1024;
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, 256> bytes{};
  };

  void read_control(msghdr& header, UdpTrain& train) const;

  int socket_;
  UdpAddress local_;
  QuicStats& stats_;
  std::vector<std::uint8_t> arena_;
  std::array<UdpTrain, trains_max> trains_;
  std::array<mmsghdr, trains_max> headers_{};
  std::array<iovec, trains_max> vectors_{};
  std::array<UdpAddress, trains_max> remotes_;
  std::array<Control, trains_max> controls_{};
};

}  // namespace parley
