#pragma once
// WtInbox: the receiving half of a session. Streams become packets there, and packets wait there
// until somebody may be told of them.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "chat/ring.h"
#include "quic/quic_connection.h"
#include "webtransport/error_code.h"
#include "webtransport/frame_kind.h"
#include "webtransport/frame_order.h"
#include "webtransport/gathered_message.h"
#include "webtransport/http3_rules.h"
#include "webtransport/window_loan.h"
#include "webtransport/wt_session.h"
#include "webtransport/wt_stats.h"

namespace parley {

/// One per connection, before there is a session and after. What a stream brings is given back to
/// the connection's window when its packet is told or dropped: that window, with what it borrows
/// for long packets, bounds what a client can make us hold. To the stream's window it is given back
/// at once, since a packet may be longer than that; but of several long packets only the oldest
/// grows, so that they do not block one another half-way.
class WtInbox {
 public:
  /// All of them outlive it.
  WtInbox(QuicConnection& quic, const Http3Rules& rules, PartialBudget& partial, WtStats& stats);

  /// The streams and datagrams of this session go to `events` from now on, those first that came
  /// before. The ones of other sessions are rejected.
  void open(std::uint64_t session, WtSessionEvents& events, Now now);
  /// The session did not come about.
  void reject(std::uint64_t session);
  /// The session is over: nobody is told anything any more. Also from within what events do.
  void close();

  /// A stream has said that it belongs to `session`: `payload` is what follows its head, of
  /// `head_bytes`.
  void begin(StreamId stream, std::uint64_t session, std::size_t head_bytes, Bytes payload,
             bool is_last, Now now);
  /// True while the stream is unfinished and of a session.
  [[nodiscard]] bool has(StreamId stream) const;
  /// More of a stream it has().
  void on_data(StreamId stream, Bytes bytes, bool is_last, Now now);
  /// No packet will come of this stream: the client has reset it, or it is no session's.
  void on_gone(StreamId stream, Now now);
  void on_datagram(std::uint64_t session, Bytes payload, Now now);

  void pause() { is_paused_ = true; }
  /// Call deliver() after it.
  void resume() { is_paused_ = false; }
  /// Tells of everything that may go.
  void deliver(Now now);
  /// Tells of everything that is whole, though others may come that go before it.
  void deliver_rest(Now now);

  /// Asks for the room that unfinished packets need. Last in each event.
  void settle();

  [[nodiscard]] TimePoint deadline() const;
  void on_deadline(Now now);

 private:
  enum class State : std::uint8_t { before, open, after };

  struct Incoming {
    StreamId stream;
    std::uint64_t session;
    GatheredMessage message{};
    FrameKind kind = FrameKind::unknown;
    bool is_whole = false;  // before the session
    std::size_t bytes = 0;  // that the connection's window lacks
    std::size_t owed = 0;   // of those, what the stream's window lacks
    TimePoint since{};
  };
  struct Waiting {
    WtInbound inbound;
    std::size_t bytes = 0;
  };
  struct Held {
    StreamId stream;
    Waiting waiting;
  };
  struct EarlyDatagram {
    std::uint64_t session;
    GatheredMessage message{};
    TimePoint since;
  };

  [[nodiscard]] std::vector<Incoming>::iterator find(StreamId stream);
  [[nodiscard]] bool may_begin(std::uint64_t session);
  void take(std::vector<Incoming>::iterator place, Bytes bytes, bool is_last, Now now);
  /// Looks for the kind of an unfinished packet.
  static void show_kind(Incoming& one);
  void finish(Incoming incoming, Now now);
  void stop_unfinished(std::vector<Incoming>::iterator place, std::uint64_t code, Now now);
  void bound_unfinished(Now now);
  void stop_longest(Now now);
  /// Gives back to the windows of the streams that may grow.
  void let_grow();
  void adopt(Incoming early, Now now);
  void on_open_datagram(GatheredMessage message, Now now);
  void release_held(Now now);
  void tell(Waiting waiting, Now now);
  void abandon(const Incoming& one, std::uint64_t code);
  /// True if no more of this size may wait.
  [[nodiscard]] bool is_full_for(std::size_t bytes) const;

  QuicConnection& quic_;
  const Http3Rules& rules_;
  WtStats& stats_;
  State state_ = State::before;
  bool is_paused_ = false;
  std::uint64_t session_ = 0;          // once it is open
  WtSessionEvents* events_ = nullptr;  // while it is open
  std::vector<Incoming> incoming_;     // by stream
  std::size_t unfinished_bytes_ = 0;   // of incoming_ together
  WindowLoan loan_;
  std::vector<EarlyDatagram> early_datagrams_;
  FrameOrder order_;
  std::vector<Held> held_;         // whole, but not their turn
  Ring<Waiting> waiting_;          // their turn, but reading is paused
  std::size_t waiting_bytes_ = 0;  // of both
};

}  // namespace parley
