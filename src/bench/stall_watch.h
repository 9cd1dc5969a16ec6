#pragma once
// StallWatch: what happens to receivers who stop reading for a while, and to the server meanwhile.

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"
#include "bench/ledger.h"
#include "bench/mark.h"

namespace parley::bench {

/// What stalling receivers lost.
struct StallResult {
  int receivers = 0;
  std::uint64_t sent_audio = 0;
  std::uint64_t sent_video = 0;
  std::uint64_t lost_audio = 0;
  std::uint64_t lost_video = 0;
  /// When the first lost packet of each class was sent, from the beginning of the stall.
  std::optional<Duration> first_lost_audio;
  std::optional<Duration> first_lost_video;
  /// Senders whose video had a gap, and those of them whose first packet after it was a keyframe.
  int senders_with_gap = 0;
  int senders_resumed_by_keyframe = 0;
  /// Resident memory of the server when the stall began, and the most there was until it ended.
  std::optional<std::int64_t> resident_before;
  std::optional<std::int64_t> resident_peak;
};

/// Watches the members `first` to `first + count - 1`, who receive from the senders 0 to
/// `senders - 1` of their room and do not send themselves.
class StallWatch {
 public:
  StallWatch(std::size_t first, std::size_t count, std::size_t senders);

  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t count() const { return gaps_.size(); }
  [[nodiscard]] bool includes(std::size_t member) const {
    return member >= first_ && member - first_ < count();
  }

  /// They stop reading now.
  void begin(TimePoint now, const std::vector<pid_t>& pids);
  /// Looks at the server's memory; call often while they do not read.
  void sample(const std::vector<pid_t>& pids);

  /// `sender` has sent the next packet of a stream.
  void note_sent(std::size_t sender, StreamKind stream, TimePoint now);
  /// One of the watched has got a packet.
  void note_arrival(std::size_t member, std::size_t sender, const Mark& mark,
                    const Judgement& judgement);

  [[nodiscard]] StallResult result() const;

 private:
  /// How the first gap in one sender's video ended for one receiver.
  enum class VideoGap : std::uint8_t { none, ended_by_keyframe, ended_by_delta };

  /// One sender: when its packets left, and how many of them arrived at all watched together.
  struct Sent {
    std::array<std::vector<TimePoint>, stream_kind_count> at;
    std::array<std::uint64_t, stream_kind_count> arrived{};
  };

  std::size_t first_;
  std::vector<Sent> sent_;
  std::vector<std::vector<VideoGap>> gaps_;  // by receiver and sender
  TimePoint began_{};
  StallResult result_;
};

}  // namespace parley::bench
