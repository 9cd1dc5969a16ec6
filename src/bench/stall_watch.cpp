#include "bench/stall_watch.h"

#include <algorithm>

#include "bench/memory_meter.h"

namespace parley::bench {

StallWatch::StallWatch(std::size_t first, std::size_t count, std::size_t senders)
    : first_(first), sent_(senders), gaps_(count, std::vector(senders, VideoGap::none)) {
  result_.receivers = static_cast<int>(count);
}

void StallWatch::begin(TimePoint now, const std::vector<pid_t>& pids) {
  began_ = now;
  result_.resident_before = result_.resident_peak = resident_bytes_quick(pids);
}

void StallWatch::sample(const std::vector<pid_t>& pids) {
  result_.resident_peak = std::max(result_.resident_peak, resident_bytes_quick(pids));
}

void StallWatch::note_sent(std::size_t sender, StreamKind stream, TimePoint now) {
  if (count() > 0) sent_[sender].at[static_cast<std::size_t>(stream)].push_back(now);
}

void StallWatch::note_arrival(std::size_t member, std::size_t sender, const Mark& mark,
                              const Judgement& judgement) {
  if (judgement.arrival == Arrival::repeated) return;
  const auto stream = static_cast<std::size_t>(mark.stream);
  ++sent_[sender].arrived[stream];
  if (judgement.gap_first >= judgement.gap_last) return;

  const bool is_audio = mark.stream == StreamKind::audio;
  const Duration since_stall = sent_[sender].at[stream][judgement.gap_first] - began_;
  auto& first_lost = is_audio ? result_.first_lost_audio : result_.first_lost_video;
  first_lost = std::min(first_lost.value_or(since_stall), since_stall);
  VideoGap& gap = gaps_[member - first_][sender];
  if (!is_audio && gap == VideoGap::none)
    gap = mark.is_keyframe ? VideoGap::ended_by_keyframe : VideoGap::ended_by_delta;
}

StallResult StallWatch::result() const {
  StallResult result = result_;
  for (const Sent& sent : sent_)
    for (std::size_t stream = 0; stream < stream_kind_count; ++stream) {
      const bool is_audio = StreamKind{static_cast<std::uint8_t>(stream)} == StreamKind::audio;
      const std::uint64_t expected = sent.at[stream].size() * count();
      (is_audio ? result.sent_audio : result.sent_video) += expected;
      (is_audio ? result.lost_audio : result.lost_video) += expected - sent.arrived[stream];
    }
  for (const auto& of_receiver : gaps_)
    for (const VideoGap gap : of_receiver) {
      result.senders_with_gap += gap != VideoGap::none ? 1 : 0;
      result.senders_resumed_by_keyframe += gap == VideoGap::ended_by_keyframe ? 1 : 0;
    }
  return result;
}

}  // namespace parley::bench
