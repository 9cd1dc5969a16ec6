#pragma once
// Client: one participant's connection to the relay, whatever carries it. No load knows which
// transport it drives.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/load_loop.h"
#include "bench/packet_template.h"
#include "bench/target.h"
#include "bench/transport.h"

namespace parley::bench {

class Client;

/// One received message: its first bytes, its whole length, and when its last byte was read.
struct Message {
  Bytes head;
  std::size_t size = 0;
  TimePoint read_at;
};

/// Who hears what a client receives. Calls may send on the client and close it, but not destroy it.
class ClientListener {
 public:
  /// The relay let it in.
  virtual void on_open(Client& client) = 0;
  virtual void on_message(Client& client, const Message& message) = 0;
  /// The connection is gone, for `client.end_reason()`. The last call.
  virtual void on_end(Client& client) = 0;

 protected:
  ~ClientListener() = default;
};

/// A client lives in its loop's thread.
class Client {
 public:
  enum class State : std::uint8_t { connecting, upgrading, open, closing, ended };

  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins to connect and to ask for `path`. Call once.
  virtual Result<void> connect(const Target& target, std::string_view path) = 0;

  /// Sends one packet as PacketTemplate or heartbeat_frame() makes it for mask(). What the network
  /// does not take waits; false when too much waits already, and the packet is then not sent.
  virtual bool send(Bytes packet) = 0;

  /// Says that it is still there, if it has been silent for long: a relay ends silent sessions, and
  /// not every one asks first.
  virtual void keep_alive(TimePoint now) = 0;

  /// Stops and starts to read; everything else goes on.
  virtual void set_reading(bool reading) = 0;

  /// Says goodbye; the server's answer ends the connection.
  virtual void close() = 0;

  /// Ends the connection at once, without a word to the listener's liking.
  virtual void abort(std::string_view reason) = 0;

  /// How packets must be made that this client sends.
  [[nodiscard]] virtual PacketMask mask() const = 0;

  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  /// Why the connection ended; begins with "refused" when the relay did not let it in.
  [[nodiscard]] const std::string& end_reason() const { return end_reason_; }

  /// The end_reason() of a connection that we closed and the server agreed.
  static constexpr std::string_view closed_by_us = "closed";

 protected:
  Client(std::uint32_t number, LoadLoop& loop, ClientListener& listener)
      : number_(number), loop_(loop), listener_(listener) {}

  void tell_open() {
    state_ = State::open;
    listener_.on_open(*this);
  }
  void tell(const Message& message) { listener_.on_message(*this, message); }
  /// The state is `ended` from now on.
  void tell_end(std::string reason) {
    state_ = State::ended;
    end_reason_ = std::move(reason);
    listener_.on_end(*this);
  }

  // A sender that is this far behind is blocked by the server; the run counts what it skips.
  static constexpr std::size_t waiting_bytes_max = 4 * 1024 * 1024;

  std::uint32_t number_;
  LoadLoop& loop_;
  State state_ = State::connecting;

 private:
  ClientListener& listener_;
  std::string end_reason_;
};

/// A client that does not connect yet. `number` is the caller's own name for this connection.
std::unique_ptr<Client> make_client(Transport transport, std::uint32_t number, LoadLoop& loop,
                                    ClientListener& listener);

}  // namespace parley::bench
