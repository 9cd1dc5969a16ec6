#pragma once
// WebTransportBridge: the way from an Outbox to the streams and datagrams of a session.

#include <cstddef>
#include <deque>
#include <functional>

#include "base/time.h"
#include "chat/outbox.h"
#include "quic/quic_protocol.h"
#include "webtransport/wt_messages.h"
#include "webtransport/wt_session.h"

namespace parley {

/// Sends each packet on a stream of its own, and pulls it out of the Outbox only when the client's
/// windows and stream credit let it go: what waits, waits where it can still be dropped.
class WebTransportBridge {
 public:
  /// A stream that has been open for this long is given up; control never is.
  static constexpr Duration in_flight_max = 1s;

  /// `on_sent` is told of each packet handed over.
  WebTransportBridge(WtSession& session, Outbox& outbox, std::function<void(const Packet&)> on_sent)
      : session_(session), outbox_(outbox), on_sent_(std::move(on_sent)) {}

  /// Hands one packet more urgent than `than` to the session; false if there is none, or if the
  /// client grants no stream for it.
  bool pull(Urgency than, Now now);
  /// True while something waits in the Outbox because the client granted no stream.
  [[nodiscard]] bool waits_for_streams() const { return waits_for_streams_; }
  void on_stream_over(StreamId stream);

  /// Hands over everything of the server's own, and drops the rest: the session ends.
  void send_last_words(Now now);

  [[nodiscard]] TimePoint deadline() const;
  /// Gives up the streams that are too old, with the video that depended on them.
  void on_deadline(Now now);

 private:
  struct InFlight {
    WtOutbound sent;
    PacketFacts facts;
    bool is_over = false;
  };

  bool send(const Outbox::Entry& entry, Now now);
  bool send_on_stream(const Packet& packet, Now now);
  void abandon(InFlight& packet, DropReason reason, Now now);
  void forget_finished();

  WtSession& session_;
  Outbox& outbox_;
  std::function<void(const Packet&)> on_sent_;
  bool waits_for_streams_ = false;
  /// By stream, which is by age. At most as many as the client grants streams.
  std::deque<InFlight> in_flight_;
};

}  // namespace parley
