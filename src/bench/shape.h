#pragma once
// Shape: what a load looks like: how many rooms of whom, who sends what and how often. The default
// shapes and their pacing are those of docs/PERFORMANCE.md.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/link.h"
#include "bench/transport.h"

namespace parley::bench {

enum class ShapeKind : std::uint8_t { rooms, idle };

/// What each sender sends.
enum class Traffic : std::uint8_t {
  /// Audio and video like a browser's, with a keyframe every 150th video packet.
  call,
  /// One stream of packets of one size.
  plain,
};

/// When a sender sends.
enum class Pacing : std::uint8_t {
  /// All senders of a run wake on the same 1 ms tick and send at once what has become due.
  tick,
  /// Every packet at its own moment.
  even,
};

struct Shape {
  std::string name;
  ShapeKind kind = ShapeKind::rooms;
  Traffic traffic = Traffic::plain;
  Pacing pacing = Pacing::tick;
  Transports transports = Transports::websocket;
  /// Between every participant and the relay.
  LinkPlan link;
  int rooms = 1;
  /// Members of each room; the first `senders` of them send, and all receive what others send.
  int members = 2;
  int senders = 2;
  /// Plain traffic: packets per second of each sender, and their size as PacketWrapper bytes.
  double rate = 80;
  int bytes = 600;
  /// Call traffic: packets per second of each sender.
  double audio_rate = 50;
  double video_rate = 30;
  int audio_bytes = 171;
  int keyframe_bytes = 95'000;
  int keyframe_every = 150;
  /// Call traffic: the sizes of delta frames are multiplied by this.
  double video_scale = 1;
  std::uint32_t seed = 1;
  Millis warmup = 1s;
  Millis duration = 10s;
  /// idle: how many sessions exist.
  int sessions = 1000;

  /// Packets that each second brings in, and that it delivers.
  [[nodiscard]] double packets_per_second() const;
  [[nodiscard]] double deliveries_per_second() const;
  /// What one receiver that does not send itself gets, in megabits per second.
  [[nodiscard]] double receiver_mbit_per_second() const;
};

/// A default shape by its name: meeting-20, pairs, broadcast (100 packets/s), idle (1000 sessions,
/// of WebTransport 500).
std::optional<Shape> find_shape(std::string_view name,
                                Transports transports = Transports::websocket);
inline constexpr std::string_view shape_names = "meeting-20, pairs, broadcast, idle";

/// The default set, in the order in which it is run. Broadcast is at 100, 2000 and 6000 packets/s,
/// over WebTransport at 100 and 800.
std::vector<Shape> default_shapes(Transports transports = Transports::websocket);

/// Whether the figures make sense together; the error says which does not.
Result<void> validate(const Shape& shape);

}  // namespace parley::bench
