#include "bench/shape.h"

#include <fmt/format.h>

#include <utility>

#include "bench/packet_template.h"
#include "bench/video_sizes.h"

namespace parley::bench {
namespace {

Shape meeting() {
  Shape shape;
  shape.name = "meeting-20";
  shape.traffic = Traffic::call;
  shape.members = shape.senders = 20;
  return shape;
}

Shape pairs() {
  Shape shape;
  shape.name = "pairs";
  shape.rooms = 20;
  shape.members = shape.senders = 2;
  shape.rate = 80;
  shape.bytes = 600;
  return shape;
}

Shape broadcast(double rate) {
  Shape shape;
  shape.name = "broadcast";
  shape.members = 101;
  shape.senders = 1;
  shape.rate = rate;
  shape.bytes = 1200;
  return shape;
}

Shape idle() {
  Shape shape;
  shape.name = "idle";
  shape.kind = ShapeKind::idle;
  shape.duration = 60s;
  return shape;
}

Shape over(Transports transports, Shape shape) {
  shape.transports = transports;
  if (transports == Transports::webtransport) shape.sessions = 500;
  return shape;
}

double sender_packets_per_second(const Shape& shape) {
  return shape.traffic == Traffic::plain ? shape.rate : shape.audio_rate + shape.video_rate;
}

}  // namespace

double Shape::packets_per_second() const {
  return kind == ShapeKind::idle ? 0 : rooms * senders * sender_packets_per_second(*this);
}

double Shape::deliveries_per_second() const { return packets_per_second() * (members - 1); }

double Shape::receiver_mbit_per_second() const {
  double bytes_per_second = rate * bytes;
  if (traffic == Traffic::call) {
    const double keyframe_rate = video_rate / keyframe_every;
    bytes_per_second = audio_rate * audio_bytes + keyframe_rate * keyframe_bytes +
                       (video_rate - keyframe_rate) * VideoSizes(seed, video_scale).mean();
  }
  return bytes_per_second * senders * 8 / 1e6;
}

std::optional<Shape> find_shape(std::string_view name, Transports transports) {
  for (const Shape& usual : {meeting(), pairs(), broadcast(100), idle()})
    if (usual.name == name) return over(transports, usual);
  return {};
}

std::vector<Shape> default_shapes(Transports transports) {
  std::vector<Shape> shapes = {meeting(), pairs(), broadcast(100)};
  if (transports == Transports::websocket || transports == Transports::wss) {
    shapes.push_back(broadcast(2000));
    shapes.push_back(broadcast(6000));
  } else {
    shapes.push_back(broadcast(800));
  }
  shapes.push_back(idle());
  for (Shape& shape : shapes) shape = over(transports, std::move(shape));
  return shapes;
}

Result<void> validate(const Shape& shape) {
  constexpr int wrapper_bytes_most = 4'000'000;  // what a relay takes at most
  const auto is_size = [](int bytes) {
    return bytes >= static_cast<int>(wrapper_bytes_min) && bytes <= wrapper_bytes_most;
  };
  if (shape.rooms < 1) return fail("there must be at least one room");
  if (shape.senders < 1) return fail("a room needs at least one sender");
  if (shape.members < shape.senders || shape.members < 2)
    return fail("a room needs a sender and somebody else");
  if (!is_size(shape.bytes))
    return fail(fmt::format("packets are {} to {} bytes", wrapper_bytes_min, wrapper_bytes_most));
  if (shape.rate <= 0 || shape.audio_rate <= 0 || shape.video_rate <= 0)
    return fail("a rate must be above 0");
  if (shape.duration <= 0ms || shape.duration > 24h) return fail("the duration must be above 0");
  if (shape.kind == ShapeKind::idle && shape.sessions < 2)
    return fail("idle needs at least two sessions");
  return {};
}

}  // namespace parley::bench
