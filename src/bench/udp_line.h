#pragma once
// UdpLine: one client's UDP socket, connected to the relay: trains of packets both ways with few
// system calls.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "bench/target.h"
#include "quic/udp_address.h"

namespace parley::bench {

class UdpLine {
 public:
  UdpLine() = default;
  ~UdpLine();
  UdpLine(const UdpLine&) = delete;
  UdpLine& operator=(const UdpLine&) = delete;

  Result<void> connect(const Address& remote);
  [[nodiscard]] int native() const { return native_; }
  [[nodiscard]] const UdpPath& path() const { return path_; }

  /// Datagrams that the kernel joined (UDP_GRO): each is `segment` bytes long, the last one perhaps
  /// less.
  struct Train {
    Bytes bytes;
    std::size_t segment = 0;
  };
  static constexpr std::size_t trains_max = 8;
  static constexpr std::size_t train_bytes_max = 64 * 1024;
  using Trains = std::array<Train, trains_max>;

  /// What waits now, by one call, read into `space`: trains_max * train_bytes_max bytes.
  std::span<const Train> receive(MutableBytes space, Trains& trains);

  /// Sends `train`, packets of `segment` bytes of which the last may be shorter, by one call. What
  /// the kernel does not take is lost, which is QUIC's to repair.
  void send(Bytes train, std::size_t segment);

  /// The largest packet that may be sent.
  static constexpr std::size_t packet_bytes_max = 1500;
  /// Packets in one train at most, and bytes (the kernel's limits).
  static constexpr std::size_t send_packets_max = 64;
  static constexpr std::size_t send_bytes_max = 63 * 1024;

 private:
  int native_ = -1;
  UdpPath path_;
};

}  // namespace parley::bench
