#pragma once
// TcpLink: the bytes of one client's stream that are under way on a bad link.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "bench/link.h"

namespace parley::bench {

class TcpLink {
 public:
  TcpLink(const LinkPlan& plan, std::uint32_t seed) : up_(plan, seed), down_(plan, ~seed) {}

  void leave(Bytes bytes, TimePoint now) {
    each(bytes, [&](Bytes part) { leaving_.add(up_.pass_stream(now, part.size()), part); });
  }
  void arrive(Bytes bytes, TimePoint now) {
    each(bytes, [&](Bytes part) { arriving_.add(down_.pass_stream(now, part.size()), part); });
  }

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

  /// So much may be under way to us before the relay notices that it gets no further.
  [[nodiscard]] bool takes_more() const { return arriving_.bytes() < arriving_bytes_max; }
  /// As much as is read at once: a large read would be as late as its last byte.
  static constexpr std::size_t read_bytes_max = 16 * 1024;

 private:
  // What a kernel's buffers hold on a usual line.
  static constexpr std::size_t arriving_bytes_max = 256 * 1024;
  static constexpr std::size_t part_bytes = 1448;

  template <class Visit>
  static void each(Bytes bytes, Visit visit) {
    while (!bytes.empty()) {
      visit(bytes.first(std::min(part_bytes, bytes.size())));
      bytes = bytes.subspan(std::min(part_bytes, bytes.size()));
    }
  }

  LinkWay up_;
  LinkWay down_;
  LinkQueue leaving_;
  LinkQueue arriving_;
};

}  // namespace parley::bench
