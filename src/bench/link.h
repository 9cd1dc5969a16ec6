#pragma once
// Link: a bad network between a client and the relay, inside the tool: it loses, delays and
// narrows. Nothing of the machine's own network is touched.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"

namespace parley::bench {

/// The same for both ways of each participant.
struct LinkPlan {
  /// Share of the datagrams that are lost, 0 to 1.
  double loss = 0;
  /// One way.
  Duration delay{};
  /// 0: no limit.
  double bits_per_second = 0;

  [[nodiscard]] bool is_perfect() const {
    return loss <= 0 && delay <= Duration::zero() && bits_per_second <= 0;
  }
};

/// One way of one participant's link: it says when what enters comes out.
class LinkWay {
 public:
  LinkWay(const LinkPlan& plan, std::uint32_t seed) : plan_(plan), random_(seed + 1) {}

  /// Nothing when a datagram is lost: by chance, or because what waits to leave already takes
  /// `queue_max`.
  std::optional<TimePoint> pass_datagram(TimePoint now, std::size_t bytes);

  /// What one packet of a TCP stream carries. TCP repairs what is lost; what that costs is the time
  /// of a fast retransmission, a round trip, in which nothing comes out.
  TimePoint pass_stream(TimePoint now, std::size_t bytes);

  /// So long may what waits to leave take: the buffer of a usual router.
  static constexpr Duration queue_max = 200ms;

 private:
  TimePoint leave(TimePoint now, std::size_t bytes);

  LinkPlan plan_;
  std::minstd_rand random_;
  TimePoint free_at_{};
  TimePoint stalled_until_{};
};

/// What is under way on one way, in order.
class LinkQueue {
 public:
  void add(TimePoint due, Bytes bytes) {
    bytes_ += bytes.size();
    pieces_.push_back({due, {bytes.begin(), bytes.end()}});
  }
  /// The next piece that is due; nothing while none is.
  std::optional<std::vector<std::uint8_t>> take(TimePoint now) {
    if (pieces_.empty() || pieces_.front().due > now) return {};
    std::vector<std::uint8_t> bytes = std::move(pieces_.front().bytes);
    pieces_.pop_front();
    bytes_ -= bytes.size();
    return bytes;
  }
  [[nodiscard]] TimePoint next_due() const { return pieces_.empty() ? never : pieces_.front().due; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Piece {
    TimePoint due;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Piece> pieces_;
  std::size_t bytes_ = 0;
};

/// `visit`s the pieces of `size` bytes that `train` consists of; the last one is perhaps shorter.
template <class Visit>
void for_each_piece(Bytes train, std::size_t size, Visit visit) {
  while (!train.empty()) {
    const Bytes piece = train.first(std::min(size, train.size()));
    visit(piece);
    train = train.subspan(piece.size());
  }
}

/// Both ways of one participant's link, and what is under way on them.
class Link {
 public:
  Link(const LinkPlan& plan, std::uint32_t seed) : up_(plan, 2 * seed), down_(plan, 2 * seed + 1) {}

  /// Datagrams of `segment` bytes, the last one perhaps less, leave for the relay, or have come.
  void leave_datagrams(Bytes train, std::size_t segment, TimePoint now) {
    pass_datagrams(up_, leaving_, train, segment, now);
  }
  void arrive_datagrams(Bytes train, std::size_t segment, TimePoint now) {
    pass_datagrams(down_, arriving_, train, segment, now);
  }
  /// And bytes of a TCP stream.
  void leave_stream(Bytes bytes, TimePoint now) { pass_stream(up_, leaving_, bytes, now); }
  void arrive_stream(Bytes bytes, TimePoint now) { pass_stream(down_, arriving_, bytes, now); }

  /// The next piece that comes out of the link at the relay's end, and at ours.
  std::optional<std::vector<std::uint8_t>> take_leaving(TimePoint now) {
    return leaving_.take(now);
  }
  std::optional<std::vector<std::uint8_t>> take_arriving(TimePoint now) {
    return arriving_.take(now);
  }
  [[nodiscard]] TimePoint next_due() const {
    return std::min(leaving_.next_due(), arriving_.next_due());
  }
  [[nodiscard]] std::size_t leaving_bytes() const { return leaving_.bytes(); }
  [[nodiscard]] std::size_t arriving_bytes() const { return arriving_.bytes(); }

 private:
  // What one packet of TCP carries.
  static constexpr std::size_t tcp_packet_bytes = 1448;

  static void pass_datagrams(LinkWay& way, LinkQueue& queue, Bytes train, std::size_t segment,
                             TimePoint now) {
    for_each_piece(train, segment, [&](Bytes packet) {
      if (const auto due = way.pass_datagram(now, packet.size())) queue.add(*due, packet);
    });
  }
  static void pass_stream(LinkWay& way, LinkQueue& queue, Bytes bytes, TimePoint now) {
    for_each_piece(bytes, tcp_packet_bytes,
                   [&](Bytes packet) { queue.add(way.pass_stream(now, packet.size()), packet); });
  }

  LinkWay up_;
  LinkWay down_;
  LinkQueue leaving_;
  LinkQueue arriving_;
};

}  // namespace parley::bench
