#pragma once
// UdpLink: the datagrams of one client that are under way on a bad link.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/link.h"

namespace parley::bench {

class UdpLink {
 public:
  UdpLink(const LinkPlan& plan, std::uint32_t seed) : up_(plan, seed), down_(plan, ~seed) {}

  /// Packets of `segment` bytes, the last one perhaps less, leave for the relay, or have come.
  void leave(Bytes train, std::size_t segment, TimePoint now) {
    each(train, segment, [&](Bytes packet) { pass(up_, leaving_, packet, now); });
  }
  void arrive(Bytes train, std::size_t segment, TimePoint now) {
    each(train, segment, [&](Bytes packet) { pass(down_, arriving_, packet, now); });
  }

  /// The next packet that comes out of the link at the relay's end, and at ours.
  std::optional<std::vector<std::uint8_t>> take_leaving(TimePoint now) {
    return leaving_.take(now);
  }
  std::optional<std::vector<std::uint8_t>> take_arriving(TimePoint now) {
    return arriving_.take(now);
  }
  [[nodiscard]] TimePoint next_due() const {
    return std::min(leaving_.next_due(), arriving_.next_due());
  }

 private:
  template <class Visit>
  static void each(Bytes train, std::size_t segment, Visit visit) {
    while (!train.empty()) {
      const std::size_t bytes = std::min(segment, train.size());
      visit(train.first(bytes));
      train = train.subspan(bytes);
    }
  }
  static void pass(LinkWay& way, LinkQueue& queue, Bytes packet, TimePoint now) {
    if (const auto due = way.pass_datagram(now, packet.size())) queue.add(*due, packet);
  }

  LinkWay up_;
  LinkWay down_;
  LinkQueue leaving_;
  LinkQueue arriving_;
};

}  // namespace parley::bench
