#include "webtransport/frame_order.h"

#include <algorithm>

namespace parley {
namespace {

constexpr StreamId step = 4;  // from one stream of a kind to the next (RFC 9000 §2.1)

bool is_ordered(FrameKind kind) {
  return kind == FrameKind::video || kind == FrameKind::screen || kind == FrameKind::sealed;
}

template <class Row>
auto place_of(std::vector<Row>& rows, StreamId stream) {
  return std::ranges::lower_bound(rows, stream, {}, &Row::stream);
}

}  // namespace

FrameOrder::FrameOrder(const FrameOrderRules& rules) : rules_(rules) { passed_.fill(-1); }

void FrameOrder::see(StreamId stream, TimePoint now) {
  if (stream < first_unseen_) return;
  const StreamId first_gap =
      std::max(first_unseen_, stream - step * static_cast<StreamId>(gaps_max));
  first_unseen_ = stream + step;
  if (first_gap == stream) return;

  std::erase_if(unfinished_, [&](const Unfinished& one) {
    return !one.has_begun && now >= one.last_byte + rules_.silence_max;
  });
  for (StreamId gap = first_gap; gap < stream; gap += step)
    unfinished_.push_back({gap, FrameKind::unknown, false, now});
  if (unfinished_.size() > 2 * gaps_max)
    std::erase_if(unfinished_,
                  [&](const Unfinished& one) { return !one.has_begun && one.stream < first_gap; });
}

void FrameOrder::on_bytes(StreamId stream, FrameKind kind, TimePoint now) {
  see(stream, now);
  const auto place = place_of(unfinished_, stream);
  if (place == unfinished_.end() || place->stream != stream) {
    unfinished_.insert(place, {stream, kind, true, now});
    return;
  }
  const bool kind_shows = place->kind != kind;
  *place = {stream, kind, true, now};
  if (kind_shows) settle(now);
}

FrameOrder::Verdict FrameOrder::on_finished(StreamId stream, FrameKind kind, TimePoint now) {
  see(stream, now);
  const bool was_unfinished = forget_unfinished(stream);
  Verdict verdict = Verdict::goes;
  if (is_ordered(kind)) {
    verdict = judge_whole(stream, kind, now);
    if (verdict == Verdict::held) {
      hold({stream, kind, now + rules_.wait_max}, now);
      return verdict;
    }
    passed(kind) = std::max(passed(kind), stream);
  }
  if (was_unfinished) settle(now);
  return verdict;
}

FrameOrder::Verdict FrameOrder::judge_whole(StreamId stream, FrameKind kind, TimePoint now) {
  if (stream < passed(kind)) return Verdict::late;
  if (rules_.wait_max <= Duration::zero()) return Verdict::goes;
  // Where others wait, all go through the same queue, so that none goes past another.
  const bool others_wait = !held_.empty() || taken_ < released_.size();
  return others_wait || patience(stream, kind) > now ? Verdict::held : Verdict::goes;
}

void FrameOrder::hold(const Held& frame, TimePoint now) {
  held_.insert(place_of(held_, frame.stream), frame);
  if (held_.size() > held_max)
    release_all();
  else
    settle(now);
}

void FrameOrder::on_gone(StreamId stream, TimePoint now) {
  see(stream, now);
  if (forget_unfinished(stream)) settle(now);
}

bool FrameOrder::forget_unfinished(StreamId stream) {
  const auto place = place_of(unfinished_, stream);
  if (place == unfinished_.end() || place->stream != stream) return false;
  unfinished_.erase(place);
  return true;
}

bool FrameOrder::matters(StreamId stream) const {
  return stream > first_unseen_ || !held_.empty() || stream < *std::ranges::max_element(passed_) ||
         (!unfinished_.empty() && unfinished_.front().stream < stream);
}

std::optional<StreamId> FrameOrder::next() {
  if (taken_ == released_.size()) {
    released_.clear();
    taken_ = 0;
    return std::nullopt;
  }
  return released_[taken_++];
}

void FrameOrder::release_all() {
  for (const Held& frame : held_) {
    passed(frame.kind) = std::max(passed(frame.kind), frame.stream);
    released_.push_back(frame.stream);
  }
  held_.clear();
  deadline_ = never;
}

TimePoint FrameOrder::patience(StreamId stream, FrameKind kind) {
  TimePoint longest = TimePoint::min();
  for (const Unfinished& earlier : unfinished_) {
    if (earlier.stream >= stream) break;
    const bool may_be_of_kind = earlier.kind == kind || earlier.kind == FrameKind::unknown;
    if (may_be_of_kind && earlier.stream > passed(kind))
      longest = std::max(longest, earlier.last_byte + rules_.silence_max);
  }
  return longest;
}

void FrameOrder::settle(TimePoint now) {
  deadline_ = never;
  if (held_.empty()) return;
  for (const FrameKind kind : ordered_kinds) settle_kind(kind, now);
}

void FrameOrder::settle_kind(FrameKind kind, TimePoint now) {
  // A frame that has waited long enough takes those before it along.
  StreamId forced = -1;
  for (const Held& frame : held_)
    if (frame.kind == kind && frame.until <= now) forced = frame.stream;

  bool is_blocked = false;
  std::erase_if(held_, [&](const Held& frame) {
    if (frame.kind != kind) return false;
    if (!is_blocked && frame.stream > forced) {
      const TimePoint patient_until = patience(frame.stream, kind);
      is_blocked = patient_until > now;
      if (is_blocked) deadline_ = std::min(deadline_, patient_until);
    }
    if (is_blocked) {
      deadline_ = std::min(deadline_, frame.until);
      return false;
    }
    passed(kind) = std::max(passed(kind), frame.stream);
    released_.push_back(frame.stream);
    return true;
  });
}

}  // namespace parley
