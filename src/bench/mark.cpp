#include "bench/mark.h"

#include <cstring>

namespace parley::bench {
namespace {

constexpr std::uint32_t magic = 0x6d4b4c50;  // "PLKm"

// Offsets of the fields. The machine is little-endian (x86-64, arm64), and both ends are this tool.
constexpr std::size_t run_at = 4;
constexpr std::size_t sender_at = 8;
constexpr std::size_t sequence_at = 12;
constexpr std::size_t stream_sequence_at = 16;
constexpr std::size_t wrapper_bytes_at = 20;
constexpr std::size_t stream_at = 24;
constexpr std::size_t keyframe_at = 25;
constexpr std::size_t phase_at = 26;
constexpr std::size_t sent_at_at = 28;

template <class Number>
Number load(Bytes bytes, std::size_t at) {
  Number value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

const char* name_of(StreamKind kind) {
  switch (kind) {
    case StreamKind::audio:
      return "audio";
    case StreamKind::video:
      return "video";
    case StreamKind::data:
      return "data";
  }
  return "?";
}

std::array<std::uint8_t, mark_bytes> encode(const Mark& mark) {
  std::array<std::uint8_t, mark_bytes> bytes{};
  const auto put = [&bytes](std::size_t at, auto value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  };
  put(0, magic);
  put(run_at, mark.run);
  put(sender_at, mark.sender);
  put(sequence_at, mark.sequence);
  put(stream_sequence_at, mark.stream_sequence);
  put(wrapper_bytes_at, mark.wrapper_bytes);
  put(stream_at, mark.stream);
  put(keyframe_at, mark.is_keyframe);
  put(phase_at, mark.phase);
  put(sent_at_at, static_cast<std::int64_t>(mark.sent_at.time_since_epoch().count()));
  return bytes;
}

std::optional<Mark> decode_mark(Bytes bytes) {
  if (bytes.size() < mark_bytes || load<std::uint32_t>(bytes, 0) != magic) return {};
  const auto stream = load<std::uint8_t>(bytes, stream_at);
  if (stream >= stream_kind_count) return {};
  return Mark{.run = load<std::uint32_t>(bytes, run_at),
              .sender = load<std::uint32_t>(bytes, sender_at),
              .sequence = load<std::uint32_t>(bytes, sequence_at),
              .stream_sequence = load<std::uint32_t>(bytes, stream_sequence_at),
              .wrapper_bytes = load<std::uint32_t>(bytes, wrapper_bytes_at),
              .stream = StreamKind{stream},
              .is_keyframe = load<std::uint8_t>(bytes, keyframe_at) != 0,
              .phase = load<std::uint8_t>(bytes, phase_at),
              .sent_at = TimePoint(Duration(load<std::int64_t>(bytes, sent_at_at)))};
}

}  // namespace parley::bench
