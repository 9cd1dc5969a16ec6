#pragma once
// QuicClient: a small QUIC client for tests. It lives in the test's own thread and speaks to a real
// endpoint over the loopback.

#include <ngtcp2/ngtcp2.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "quic/quic_dial.h"
#include "quic/quic_protocol.h"
#include "quic/udp_address.h"

namespace parley {

/// A UDP socket on the loopback that sends to one port and waits with a limit.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(std::uint16_t port);
  ~LoopbackSocket();
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  void send(Bytes bytes) const;
  /// What came, or nothing within `limit`.
  [[nodiscard]] std::optional<std::vector<std::uint8_t>> receive(Duration limit) const;
  [[nodiscard]] int native() const { return native_; }
  [[nodiscard]] const UdpPath& path() const { return path_; }

 private:
  int native_ = -1;
  UdpPath path_;
};

class QuicClient {
 public:
  struct Options {
    std::uint64_t connection_window = 16 * 1024 * 1024;
    std::uint64_t stream_window = 8 * 1024 * 1024;
    std::uint64_t uni_streams = 100;
    std::uint64_t datagram_bytes_max = 65535;
    Duration idle_timeout = 30s;
    std::string alpn = "h3";
    std::string ciphers = "+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305";
    /// Reads on: gives windows back as data comes.
    bool reads = true;
    /// The first byte of the id that it makes up for the server.
    std::optional<std::uint8_t> first_cid_byte;
    std::vector<std::uint8_t> token;
    /// Each one of so many datagrams, either way, is lost; 0 loses none.
    std::size_t loses_each = 0;
    /// Readable when something happens on the server's side: see QuicWorld.
    int event = -1;
  };
  /// What came on a stream.
  struct Stream {
    std::string bytes;
    bool is_over = false;  ///< with its end
    std::optional<std::uint64_t> reset;
    bool is_closed = false;
    std::uint64_t close_code = 0;
    std::size_t order = 0;  ///< among all streams, the order in which they ended
  };
  struct Closed {
    std::uint64_t code = 0;
    bool is_application = false;
    std::string reason;
  };

  QuicClient(std::uint16_t port, Options options);
  QuicClient(const QuicClient&) = delete;
  QuicClient& operator=(const QuicClient&) = delete;

  /// Sends and receives until `done()`; false after `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit = 10s);
  bool connect();

  std::int64_t open_uni();
  std::int64_t open_bidi();
  void send(StreamId stream, std::string bytes, bool is_last);
  void send_datagram(std::string bytes) { datagrams_out_.push_back(std::move(bytes)); }
  void reset(StreamId stream, std::uint64_t code);
  void stop(StreamId stream, std::uint64_t code);
  void close(std::uint64_t code, std::string_view reason);
  /// Goes on from another port, without telling anybody: what a NAT does.
  void change_port();
  void update_keys();
  /// Says something in TLS, which is over.
  void send_crypto(std::string_view bytes);
  /// Loses what has come and was not read.
  void drop_arrived() const;
  /// Reads on after Options::reads was false.
  void resume_reading();

  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] const std::optional<Closed>& closed() const { return closed_; }
  [[nodiscard]] const std::map<StreamId, Stream>& streams() const { return streams_; }
  [[nodiscard]] const Stream& stream(StreamId id) { return streams_[id]; }
  [[nodiscard]] const std::vector<std::string>& datagrams() const { return datagrams_; }
  [[nodiscard]] ngtcp2_conn* native() { return conn_; }
  [[nodiscard]] std::uint64_t uni_streams_left() const {
    return ngtcp2_conn_get_streams_uni_left(conn_);
  }
  [[nodiscard]] std::uint8_t first_cid_byte() const { return first_cid_byte_; }
  [[nodiscard]] std::string local_address() const { return socket_->path().local.text(); }
  /// The server's, as DER.
  [[nodiscard]] std::string certificate() const;
  [[nodiscard]] std::string cipher() const;
  [[nodiscard]] bool was_retried() const { return was_retried_; }

 private:
  struct Hooks;
  struct Outgoing {
    std::string bytes;  // all that was ever sent, so that it stays where it is
    std::size_t sent = 0;
    bool is_last = false;
    bool is_last_sent = false;
  };

  void receive();
  void send_all();
  bool send_one();
  [[nodiscard]] int poll_milliseconds(TimePoint until) const;
  void give_up(int error);
  void send_out(Bytes packet);
  [[nodiscard]] bool is_lost();

  Options options_;
  std::uint16_t port_;
  std::unique_ptr<LoopbackSocket> socket_;
  QuicClientTls tls_;
  std::unique_ptr<QuicDial> dial_;
  ngtcp2_conn* conn_ = nullptr;  // the dial's

  std::map<StreamId, std::deque<Outgoing>> outgoing_;
  std::map<StreamId, Stream> streams_;
  std::deque<std::string> datagrams_out_;
  std::vector<std::string> datagrams_;
  std::map<StreamId, std::uint64_t> unread_;
  std::optional<Closed> closed_;
  std::size_t passed_ = 0;
  std::size_t ended_streams_ = 0;
  std::uint8_t first_cid_byte_ = 0;
  bool is_ready_ = false;
  bool was_retried_ = false;
};

}  // namespace parley
