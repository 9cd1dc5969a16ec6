#pragma once
// WsClient: one connection of the load tool: a non-blocking socket, the HTTP upgrade, and WebSocket
// as a client speaks it. It answers pings and closes by itself.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/client.h"
#include "bench/frame_reader.h"
#include "bench/link.h"
#include "bench/tls_client.h"
#include "websocket/frame_format.h"

namespace parley::bench {

class WsClient final : public Client, private LoopMember {
 public:
  WsClient(std::uint32_t number, LoadLoop& loop, ClientListener& listener)
      : Client(number, loop, listener) {}
  ~WsClient() override;

  Result<void> connect(const Target& target, std::string_view path) override;
  bool send(Bytes packet) override;
  /// With a pong nobody asked for.
  void keep_alive(TimePoint now) override;
  void set_reading(bool reading) override;
  /// With Close 1000.
  void close() override;
  void abort(std::string_view reason) override;
  [[nodiscard]] PacketMask mask() const override { return mask_key; }

  /// Masks everything this connection sends. Fixed for the process: the mask protects proxies from
  /// scripts (RFC 6455 §10.3), and templates are masked only once.
  static constexpr MaskKey mask_key = {0x3D, 0xA7, 0x51, 0xC2};

 private:
  friend class FrameReader;

  void on_ready(std::uint32_t events) override;
  void on_timer() override;
  void read();
  void read_wire(Bytes wire);
  void read_bytes(Bytes bytes);
  void end_of_input(ssize_t count);
  void read_upgrade(Bytes bytes);
  void read_frames(Bytes bytes);
  void flush();
  void write(Bytes bytes);
  void write_wire(Bytes wire);
  void write_now(Bytes bytes);
  void set_link_timer();
  void update_events();
  void end(std::string reason);

  // FrameReader's handler.
  void on_message(Bytes head, std::size_t size);
  void on_control(Opcode opcode, Bytes payload);

  int fd_ = -1;
  bool is_reading_ = true;
  std::uint32_t watched_ = 0;
  TimePoint read_at_{};
  TimePoint last_sent_at_{};
  /// None when the network is to be what it is.
  std::unique_ptr<Link> link_;
  /// Only over TLS.
  std::unique_ptr<TlsClient> tls_;
  FrameReader reader_;
  std::string upgrade_;
  std::vector<std::uint8_t> waiting_;
};

}  // namespace parley::bench
