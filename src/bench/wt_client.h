#pragma once
// WtClient: a WebTransport session of the load tool over a QUIC connection of its own: a packet to
// a stream, both ways, as docs/PROTOCOL.md has it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/client.h"
#include "bench/http3_client.h"
#include "bench/quic_line.h"

namespace parley::bench {

class WtClient final : public Client, private QuicLineListener {
 public:
  WtClient(std::uint32_t number, LoadLoop& loop, ClientListener& listener)
      : Client(number, loop, listener), line_(loop, *this) {}

  Result<void> connect(const Target& target, std::string_view path) override;
  bool send(Bytes packet) override;
  /// With the datagram `ping`.
  void keep_alive(TimePoint now) override;
  /// Who does not read grants the relay nothing more: no stream and no byte. What comes until its
  /// grants are used up, and in datagrams, is told when it reads on.
  void set_reading(bool reading) override;
  /// With the capsule that closes a session, code 0.
  void close() override;
  void abort(std::string_view reason) override;
  [[nodiscard]] PacketMask mask() const override { return {}; }

 private:
  /// A packet that came while nobody read.
  struct Unread {
    std::vector<std::uint8_t> head;
    std::size_t size = 0;
  };

  void on_handshake() override;
  void on_stream_data(StreamId stream, Bytes bytes, bool is_whole, bool is_last) override;
  void on_stream_reset(StreamId stream) override;
  void on_datagram(Bytes bytes) override;
  void on_line_end(std::string reason) override;

  void on_connect_data(Bytes bytes, bool is_last);
  void request_session();
  void on_packet(Bytes head, std::size_t size);
  void end(std::string reason, std::uint64_t code);

  QuicLine line_;
  Endpoint endpoint_;
  std::string path_;
  std::optional<StreamId> session_;
  ConnectReader connect_;
  std::vector<std::uint8_t> prefix_;
  /// Streams of which something, but not all has come.
  std::unordered_map<StreamId, IncomingStream> incoming_;
  bool is_reading_ = true;
  std::vector<Unread> unread_;
  TimePoint last_sent_at_{};
};

}  // namespace parley::bench
