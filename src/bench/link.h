#pragma once
// Link: a bad network between a client and the relay, inside the tool: it loses, delays and
// narrows. Nothing of the machine's own network is touched.

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

  /// Bytes of a TCP stream. TCP repairs what is lost; what that costs is the time of a fast
  /// retransmission, a round trip, in which nothing comes out.
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
    if (next_due() > now) return {};
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

}  // namespace parley::bench
