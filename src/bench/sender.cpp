#include "bench/sender.h"

#include <utility>

#include "bench/video_sizes.h"

namespace parley::bench {

PacketTemplate& SenderStream::look(std::uint64_t n) {
  if (keyframe_every_ != 0 && n % keyframe_every_ == keyframe_first_) return keyframe_.front();
  return looks_[n % looks_.size()];
}

void SenderStream::set_keyframe(PacketTemplate look, int every, int first) {
  keyframe_.push_back(std::move(look));
  keyframe_every_ = static_cast<std::uint64_t>(every);
  keyframe_first_ = static_cast<std::uint64_t>(first) % keyframe_every_;
}

std::vector<SenderStream> make_streams(const Shape& shape, std::string_view user_id,
                                       std::size_t index, std::size_t count,
                                       const PacketMask& mask) {
  const auto make_look = [user_id, &mask](StreamKind kind, int bytes, bool is_keyframe) {
    return PacketTemplate({.user_id = user_id,
                           .stream = kind,
                           .is_keyframe = is_keyframe,
                           .wrapper_bytes = static_cast<std::size_t>(bytes)},
                          mask);
  };
  const auto cadence = [index, count](double rate) {
    return Cadence{rate, spread_phase(rate, index, count)};
  };

  std::vector<SenderStream> streams;
  if (shape.traffic == Traffic::plain) {
    streams.emplace_back(StreamKind::data, cadence(shape.rate));
    streams.back().add_look(make_look(StreamKind::data, shape.bytes, false));
    return streams;
  }
  streams.emplace_back(StreamKind::audio, cadence(shape.audio_rate));
  streams.back().add_look(make_look(StreamKind::audio, shape.audio_bytes, true));

  const VideoSizes sizes(shape.seed + static_cast<std::uint32_t>(index), shape.video_scale);
  SenderStream& video = streams.emplace_back(StreamKind::video, cadence(shape.video_rate));
  for (std::size_t i = 0; i < VideoSizes::count; ++i)
    video.add_look(make_look(StreamKind::video, sizes[i], false));
  // Keyframes are spread like everything else: their bursts are a property of the shape, a burst of
  // all senders at once is not.
  const int first =
      static_cast<int>(index * static_cast<std::size_t>(shape.keyframe_every) / count);
  video.set_keyframe(make_look(StreamKind::video, shape.keyframe_bytes, true), shape.keyframe_every,
                     first);
  return streams;
}

}  // namespace parley::bench
