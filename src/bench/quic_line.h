#pragma once
// QuicLine: one QUIC connection from the client's side (RFC 9000), as cheap as a load tool needs
// it: whatever is sent in one turn of the loop leaves together.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/link.h"
#include "bench/load_loop.h"
#include "bench/target.h"
#include "bench/udp_line.h"
#include "quic/quic_protocol.h"

namespace parley {
class QuicDial;
}

namespace parley::bench {

/// Who hears what a line brings. Calls may write on the line and close it, but not destroy it.
class QuicLineListener {
 public:
  /// The handshake is done: streams may be opened.
  virtual void on_handshake() = 0;
  /// A piece of a stream, in order; `is_whole` says that it is all of it, `is_last` the end.
  virtual void on_stream_data(StreamId stream, Bytes bytes, bool is_whole, bool is_last) = 0;
  /// Nothing more comes of a stream that has not ended.
  virtual void on_stream_reset(StreamId stream) = 0;
  virtual void on_datagram(Bytes bytes) = 0;
  /// The connection is lost or refused, and the last call.
  virtual void on_line_end(std::string reason) = 0;

 protected:
  ~QuicLineListener() = default;
};

class QuicLine final : private LoopMember {
 public:
  QuicLine(LoadLoop& loop, QuicLineListener& listener);
  ~QuicLine() override;
  QuicLine(const QuicLine&) = delete;
  QuicLine& operator=(const QuicLine&) = delete;

  /// Begins the handshake (ALPN h3). Certificates are not verified: what is measured is the relay
  /// that the user named. Every datagram passes `link`; `seed` decides what it loses. Call once.
  Result<void> dial(const Endpoint& endpoint, const LinkPlan& link, std::uint32_t seed);

  /// A stream of our own; nothing when the relay grants none.
  std::optional<StreamId> open_bidi();
  std::optional<StreamId> open_uni();
  void write(StreamId stream, Bytes bytes, bool is_last);
  /// Opens a stream for `prefix` and `message` alone, as soon as the relay grants one.
  void send_message(Bytes prefix, Bytes message);
  /// Lost if the network does not take it at once.
  void send_datagram(Bytes bytes);

  /// Whether streams that have ended and bytes that have come are given back to the relay.
  void set_granting(bool granting);

  /// Bytes handed over that the network has not taken yet.
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// When what is being told was read.
  [[nodiscard]] TimePoint read_at() const { return read_at_; }

  /// Says goodbye with an HTTP/3 code and is over. The listener is not called.
  void close(std::uint64_t code);

 private:
  struct Hooks;
  /// A stream of ours. What is written stays where it is until the stream is over: ngtcp2 keeps no
  /// copy of what it may have to send again.
  struct OutStream {
    StreamId id = -1;
    std::deque<std::vector<std::uint8_t>> chunks;
    std::size_t next_chunk = 0;
    std::size_t taken = 0;  // of that chunk
    bool is_last = false;
    bool is_waiting = false;  // ready or blocked
  };
  using OutStreamPtr = std::unique_ptr<OutStream>;

  void on_ready(std::uint32_t events) override;
  void on_timer() override;
  void on_flush() override;

  /// These read what has come and what comes out of the link; ngtcp2's error, or 0.
  int receive();
  int read_due(TimePoint now);
  int read(Bytes train, std::size_t segment);
  /// Runs one of them, and does what its events asked for.
  template <class Read>
  void read_with(Read read);
  void send_out(Bytes train, std::size_t segment, TimePoint now);
  void open_waiting();
  std::ptrdiff_t write_packet(MutableBytes space, std::uint64_t now);
  std::ptrdiff_t write_stream(MutableBytes space, OutStream& stream, std::uint64_t now);
  std::ptrdiff_t write_datagram(MutableBytes space, std::uint64_t now);
  void append(OutStream& stream, Bytes first, Bytes second = {});
  void on_taken(OutStream& stream, std::size_t bytes);
  OutStreamPtr new_stream();
  OutStream& keep(StreamId id, OutStreamPtr stream);
  void on_stream_data(StreamId stream, std::uint64_t offset, Bytes bytes, bool is_last);
  void on_stream_reset(StreamId stream);
  void on_stream_over(StreamId stream);
  void give_back();
  void set_deadline(TimePoint now);
  /// Ends after ngtcp2 failed with `error`.
  void give_up(int error);
  void end();

  LoadLoop& loop_;
  QuicLineListener& listener_;
  UdpLine udp_;
  /// None when the network is to be what it is.
  std::unique_ptr<Link> link_;
  std::unique_ptr<QuicDial> dial_;
  bool is_over_ = false;
  bool is_telling_ = false;
  std::optional<std::uint64_t> close_asked_;

  std::unordered_map<StreamId, OutStreamPtr> out_;
  std::deque<OutStreamPtr> unopened_;
  std::deque<OutStream*> ready_;
  std::vector<OutStream*> blocked_;
  std::vector<OutStreamPtr> pool_;
  /// The relay's streams of which something, but not all has come.
  std::unordered_set<StreamId> begun_;
  std::deque<std::vector<std::uint8_t>> datagrams_;
  std::size_t waiting_bytes_ = 0;

  bool is_granting_ = true;
  std::uint64_t owed_streams_ = 0;
  std::uint64_t owed_bytes_ = 0;
  TimePoint read_at_{};
};

}  // namespace parley::bench
