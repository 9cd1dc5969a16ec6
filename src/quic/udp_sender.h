#pragma once
// UdpSender: gathers the packets of many connections and sends them with few system calls.

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "quic/quic_stats.h"
#include "quic/udp_address.h"

namespace parley {

/// Packets of equal size to one peer leave as one train (UDP_SEGMENT), trains of all peers together
/// (sendmmsg). Does not own the socket. What the kernel takes and loses is QUIC's to repair.
class UdpSender {
 public:
  UdpSender(int native_socket, QuicStats& stats);
  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  /// The largest packet that may be written.
  static constexpr std::size_t packet_bytes_max = 1500;

  /// Where the next packet is written. Empty while the socket takes no more: then what is built is
  /// kept, and nothing more must be built until on_writable().
  [[nodiscard]] MutableBytes space();
  /// Takes `bytes` from the start of space(). One sent `alone` is in no train: a path MTU probe
  /// that is too large must not take others with it.
  void add(std::size_t bytes, const UdpPath& path, std::uint8_t ecn, bool alone);
  /// Sends what was added; false if the socket takes no more, which is_blocked() then remembers.
  bool send();

  [[nodiscard]] bool is_blocked() const { return is_blocked_; }
  /// The socket takes more again.
  void on_writable() { is_blocked_ = false; }

 private:
  /// Bytes built and not sent. A full arena is sent; if the socket is full too, nothing is built.
  static constexpr std::size_t arena_bytes = 256 * 1024;
  /// The kernel's limits for one train: UDP_MAX_SEGMENTS, and 64 KiB with its headers.
  static constexpr std::size_t train_packets_max = 64;
  static constexpr std::size_t train_bytes_max = 65'000;
  static constexpr std::size_t trains_per_call = 64;

  struct Train {
    UdpPath path;
    std::size_t start = 0;
    std::size_t bytes = 0;
    std::uint16_t segment = 0;
    std::uint16_t packets = 0;
    std::uint8_t ecn = 0;
    /// Its last packet was shorter, or it must stay alone.
    bool is_closed = false;
  };
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, 128> bytes{};
  };

  [[nodiscard]] bool fits_last(std::size_t bytes, const UdpPath& path, std::uint8_t ecn) const;
  int send_call();
  std::size_t write_control(const Train& train, Control& control, msghdr& header) const;
  void on_sent(std::size_t trains);
  void split_next_train();

  int socket_;
  QuicStats& stats_;
  std::vector<std::uint8_t> arena_;
  std::size_t used_ = 0;
  std::vector<Train> trains_;
  std::size_t sent_ = 0;
  bool is_blocked_ = false;
  /// Cleared for good when the kernel or the device refuses UDP_SEGMENT.
  bool uses_segments_ = true;
  /// A train was refused; whether that was for UDP_SEGMENT is seen when it goes packet by packet.
  bool suspects_segments_ = false;

  std::array<mmsghdr, trains_per_call> headers_{};
  std::array<iovec, trains_per_call> vectors_{};
  std::array<Control, trains_per_call> controls_{};
};

}  // namespace parley
