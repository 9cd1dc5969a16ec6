#pragma once
// FrameOrder: in which order the frames of one sender, each on a stream of its own, go on. Streams
// finish in any order, a small delta long before the keyframe that it needs; whoever received the
// delta first could not show it.

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/time.h"
#include "quic/quic_protocol.h"
#include "webtransport/frame_kind.h"
#include "webtransport/http3_rules.h"

namespace parley {

/// Releases whole frames of video, of screen and sealed ones, each kind in the order of their
/// stream ids. A whole frame waits for an unfinished earlier one of its kind, or of which nothing
/// is known yet, as long as bytes of that one keep coming; for one that was reset or overtaken it
/// does not. A stream that must exist, since a later one does, counts as one that has just brought
/// a byte.
///
/// Streams are those that a client opens, unidirectional; knows nothing but their ids.
class FrameOrder {
 public:
  enum class Verdict : std::uint8_t {
    goes,  ///< at once, before what next() says
    held,  ///< comes out of next(), now or later
    late,  ///< at once too, but a later one went before
  };

  explicit FrameOrder(const FrameOrderRules& rules);

  /// Bytes of an unfinished stream have come; `kind` as far as they show it.
  void on_bytes(StreamId stream, FrameKind kind, TimePoint now);
  /// A frame is whole. Ask next() afterwards, whatever the verdict.
  [[nodiscard]] Verdict on_finished(StreamId stream, FrameKind kind, TimePoint now);
  /// No frame will come of this stream.
  void on_gone(StreamId stream, TimePoint now);

  /// True if a frame on this stream might have to wait, or is late, so that its kind matters.
  [[nodiscard]] bool matters(StreamId stream) const;
  /// The next frame that was held and goes now.
  [[nodiscard]] std::optional<StreamId> next();
  /// Releases everything, in order.
  void release_all();

  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  void on_deadline(TimePoint now) { settle(now); }

 private:
  struct Unfinished {
    StreamId stream;
    FrameKind kind;
    bool has_begun;  // false for one that only must exist
    TimePoint last_byte;
  };
  struct Held {
    StreamId stream;
    FrameKind kind;
    TimePoint until;
  };
  static constexpr std::array<FrameKind, 3> ordered_kinds = {FrameKind::video, FrameKind::screen,
                                                             FrameKind::sealed};
  /// Streams that only must exist and are waited for. Of more, the earlier are not.
  static constexpr std::size_t gaps_max = 128;
  /// Frames that are held: a second of three kinds, and more. Above it all of them go.
  static constexpr std::size_t held_max = 256;

  /// The stream exists, and so do all before it.
  void see(StreamId stream, TimePoint now);
  /// False if it is none.
  bool forget_unfinished(StreamId stream);
  [[nodiscard]] Verdict judge_whole(StreamId stream, FrameKind kind, TimePoint now);
  void hold(const Held& frame, TimePoint now);
  [[nodiscard]] StreamId& passed(FrameKind kind) { return passed_[static_cast<std::size_t>(kind)]; }
  /// When a frame no longer waits for streams before it; `now` or earlier if it does not wait.
  [[nodiscard]] TimePoint patience(StreamId stream, FrameKind kind);
  void settle(TimePoint now);
  void settle_kind(FrameKind kind, TimePoint now);

  const FrameOrderRules& rules_;
  StreamId first_unseen_ = 2;
  std::vector<Unfinished> unfinished_;  // by stream
  std::vector<Held> held_;              // by stream
  std::vector<StreamId> released_;
  std::size_t taken_ = 0;           // of released_, by next()
  std::array<StreamId, 5> passed_;  // by kind: the highest stream that has gone
  TimePoint deadline_ = never;
};

}  // namespace parley
