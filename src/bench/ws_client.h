#pragma once
// WsClient: one connection of the load tool: a non-blocking socket, the HTTP upgrade, and WebSocket
// as a client speaks it. It answers pings and closes by itself.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/frame_reader.h"
#include "bench/load_loop.h"
#include "bench/target.h"
#include "websocket/frame_format.h"

namespace parley::bench {

/// One received message: its first bytes, its whole length, and when its last byte was read.
struct Message {
  Bytes head;
  std::size_t size = 0;
  TimePoint read_at;
};

/// Who hears what a client receives. Calls may send on the client and close it, but not destroy it.
class ClientListener {
 public:
  /// The upgrade succeeded.
  virtual void on_open(WsClient& client) = 0;
  virtual void on_message(WsClient& client, const Message& message) = 0;
  /// The connection is gone, for `client.end_reason()`. The last call.
  virtual void on_end(WsClient& client) = 0;

 protected:
  ~ClientListener() = default;
};

class WsClient {
 public:
  enum class State : std::uint8_t { connecting, upgrading, open, closing, ended };

  /// `number` is the caller's own name for this connection.
  WsClient(std::uint32_t number, LoadLoop& loop, ClientListener& listener)
      : number_(number), loop_(loop), listener_(listener) {}
  ~WsClient();
  WsClient(const WsClient&) = delete;
  WsClient& operator=(const WsClient&) = delete;

  /// Begins to connect and to ask for `path`. Call once.
  Result<void> connect(const Target& target, std::string_view path);

  /// Sends a frame made by client_frame() or a template. What the kernel does not take waits; false
  /// when too much waits already, and the frame is then not sent.
  bool send(Bytes frame);

  /// Stops and starts to read; everything else goes on.
  void set_reading(bool reading);

  /// Says goodbye (Close 1000); the server's answer ends the connection.
  void close();

  /// Ends the connection at once, without a word.
  void abort(std::string_view reason);

  /// The loop's call: the socket is ready for `events`.
  void on_ready(std::uint32_t events);

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  /// Why the connection ended; begins with "refused" when there was no upgrade.
  [[nodiscard]] const std::string& end_reason() const { return end_reason_; }
  [[nodiscard]] TimePoint last_sent_at() const { return last_sent_at_; }

  /// The end_reason() of a connection that we closed and the server agreed.
  static constexpr std::string_view closed_by_us = "closed";

  /// Masks everything this connection sends. Fixed for the process: the mask protects proxies from
  /// scripts (RFC 6455 §10.3), and templates are masked only once.
  static constexpr MaskKey mask_key = {0x3D, 0xA7, 0x51, 0xC2};

 private:
  friend class FrameReader;

  // A sender that is this far behind is blocked by the server; the run counts what it skips.
  static constexpr std::size_t waiting_bytes_max = 4 * 1024 * 1024;

  void read();
  void read_upgrade(Bytes bytes);
  void read_frames(Bytes bytes);
  void flush();
  void write(Bytes bytes);
  void update_events();
  void end(std::string reason);

  // FrameReader's handler.
  void on_message(Bytes head, std::size_t size);
  void on_control(Opcode opcode, Bytes payload);

  std::uint32_t number_;
  LoadLoop& loop_;
  ClientListener& listener_;
  int fd_ = -1;
  State state_ = State::connecting;
  bool is_reading_ = true;
  std::uint32_t watched_ = 0;
  TimePoint read_at_{};
  TimePoint last_sent_at_{};
  FrameReader reader_;
  std::string upgrade_;
  std::string end_reason_;
  std::vector<std::uint8_t> waiting_;
};

}  // namespace parley::bench
