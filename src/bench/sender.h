#pragma once
// Sender: the streams one participant sends.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/mark.h"
#include "bench/packet_template.h"
#include "bench/schedule.h"
#include "bench/shape.h"

namespace parley::bench {

/// One stream of a sender: when its packets are due and how they look.
class SenderStream {
 public:
  SenderStream(StreamKind kind, Cadence cadence) : kind_(kind), cadence_(cadence) {}

  [[nodiscard]] StreamKind kind() const { return kind_; }
  [[nodiscard]] const Cadence& cadence() const { return cadence_; }

  /// The template of the `n`-th packet.
  PacketTemplate& look(std::uint64_t n);

  void add_look(PacketTemplate look) { looks_.push_back(std::move(look)); }
  /// Every `every`-th packet looks like `look` instead, the first of them number `first`.
  void set_keyframe(PacketTemplate look, int every, int first);

 private:
  StreamKind kind_;
  Cadence cadence_;
  std::vector<PacketTemplate> looks_;
  std::vector<PacketTemplate> keyframe_;  // none or one
  std::uint64_t keyframe_every_ = 0;
  std::uint64_t keyframe_first_ = 0;
};

/// The streams of the `index`-th of `count` senders of a run, their phases spread evenly and their
/// packets made for `mask`.
std::vector<SenderStream> make_streams(const Shape& shape, std::string_view user_id,
                                       std::size_t index, std::size_t count,
                                       const PacketMask& mask);

}  // namespace parley::bench
