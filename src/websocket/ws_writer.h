#pragma once
// WsWriter: gathers what one session has to say into as few writes as possible.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "chat/outbox.h"
#include "chat/shard_stats.h"
#include "http/tcp_stream.h"
#include "wire/packet.h"

namespace parley {

/// The way from an Outbox and the connection's control frames to a TcpStream. What is begun is
/// finished first; then control frames; then packets, in the order the Outbox gives them; the Close
/// frame is last. Packets of which nothing was sent go back into the Outbox, where they age.
class WsWriter {
 public:
  enum class Outcome : std::uint8_t { all_written, blocked, failed };

  /// `scratch` is only used within a call; the sessions of a shard share it.
  WsWriter(Outbox& outbox, ShardStats& stats, std::vector<Outbox::Entry>& scratch)
      : outbox_(outbox), stats_(stats), offered_(scratch) {}

  /// Bytes that go before packets: the handshake's answer, pings, pongs. The caller bounds them.
  void queue_control(Bytes frame) { append(control_, frame); }
  [[nodiscard]] std::size_t control_bytes() const { return control_.size(); }

  /// The Close frame. From here on only the server's own packets are sent; others are dropped.
  void queue_close(Bytes frame);

  /// Writes until nothing is left or the connection takes no more. Non-blocking.
  Outcome write(TcpStream& stream, Now now);

  /// Bytes the socket has taken so far.
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }
  [[nodiscard]] std::uint64_t packets_written() const { return packets_written_; }
  /// Of these packets.
  [[nodiscard]] std::uint64_t packet_bytes_written() const { return packet_bytes_written_; }

 private:
  static void append(std::vector<std::uint8_t>& out, Bytes bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  [[nodiscard]] bool empty() const {
    return partial_.empty() && control_.empty() && outbox_.empty() && close_.empty();
  }
  /// Offers one gathered write; with nothing to say, what TLS still holds.
  Outcome write_once(TcpStream& stream, Now now);
  void take_packets(std::size_t& bytes, Now now);
  void account(std::size_t written, Now now);
  std::size_t account_packets(std::size_t written);
  void count(const Packet& packet);

  Outbox& outbox_;
  ShardStats& stats_;
  std::vector<Outbox::Entry>& offered_;
  std::vector<std::uint8_t> control_;
  std::vector<std::uint8_t> close_;
  bool closing_ = false;
  Packet partial_;  ///< of which `partial_sent_` bytes are sent
  std::size_t partial_sent_ = 0;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t packets_written_ = 0;
  std::uint64_t packet_bytes_written_ = 0;
};

}  // namespace parley
