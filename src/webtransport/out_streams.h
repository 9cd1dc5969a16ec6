#pragma once
// OutStreams: the streams a session has opened that are not over yet.

#include <cstddef>
#include <cstdint>
#include <deque>

#include "quic/quic_protocol.h"

namespace parley {

/// A byte per stream. Ids grow by four with each stream (RFC 9000 §2.1), so an id says where its
/// byte is; what is over at the front is forgotten. Bounded by the streams that the client grants
/// beyond its oldest unfinished one.
class OutStreams {
 public:
  void add(StreamId stream, bool is_control) {
    if (kinds_.empty()) first_ = stream;
    // Streams that are not the session's may lie between.
    while (first_ + step * static_cast<StreamId>(kinds_.size()) < stream)
      kinds_.push_back(Kind::none);
    kinds_.push_back(is_control ? Kind::control : Kind::other);
    controls_ += is_control ? 1 : 0;
  }

  /// False if the stream is none of the open ones.
  bool remove(StreamId stream) {
    const StreamId place = (stream - first_) / step;
    if (stream < first_ || place >= static_cast<StreamId>(kinds_.size())) return false;
    Kind& kind = kinds_[static_cast<std::size_t>(place)];
    if (kind == Kind::none) return false;
    controls_ -= kind == Kind::control ? 1 : 0;
    kind = Kind::none;
    while (!kinds_.empty() && kinds_.front() == Kind::none) {
      kinds_.pop_front();
      first_ += step;
    }
    return true;
  }

  [[nodiscard]] bool has_control() const { return controls_ > 0; }

  /// Calls `visit(stream, is_control)` on each.
  template <class Visit>
  void each(Visit visit) const {
    StreamId stream = first_;
    for (const Kind kind : kinds_) {
      if (kind != Kind::none) visit(stream, kind == Kind::control);
      stream += step;
    }
  }

 private:
  static constexpr StreamId step = 4;
  enum class Kind : std::uint8_t { none, other, control };

  StreamId first_ = 0;
  std::deque<Kind> kinds_;
  std::size_t controls_ = 0;
};

}  // namespace parley
