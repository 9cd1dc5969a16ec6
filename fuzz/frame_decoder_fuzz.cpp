// FrameDecoder: whatever the bytes are and however they are cut, it sees the same, keeps within its
// limits, and what it has taken for a message encodes to the same message again.
//
// Input: one byte of choices, two that seed where the stream is cut, then the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "websocket/frame_decoder.h"
#include "websocket/frame_encoder.h"
#include "wire/utf8.h"

namespace parley {
namespace {

struct Seen {
  FrameEventKind kind;
  std::uint16_t code;
  std::string content;

  bool operator==(const Seen&) const = default;
};

Seen seen(FrameEvent event, const FrameLimits& limits) {
  Seen result{event.kind, event.code, event.reason};
  if (!event.payload.empty()) result.content = as_text(event.payload);
  if (event.message.size() > 0) {
    check(event.message.room() >= limits.tailroom, "the tailroom is gone");
    result.content = as_text(event.message.written().subspan(limits.headroom));
  }
  check(result.content.size() <= std::max<std::size_t>(limits.message_bytes_max, 125),
        "an event is longer than allowed");
  if (event.kind == FrameEventKind::text || event.kind == FrameEventKind::close)
    check(is_utf8(as_bytes(result.content)), "a text is not UTF-8");
  return result;
}

void feed(FrameDecoder& decoder, Bytes bytes, const FrameLimits& limits,
          std::vector<Seen>& events) {
  while (true) {
    FrameEvent event = decoder.next(bytes);
    if (event.kind == FrameEventKind::need_more) break;
    if (event.kind == FrameEventKind::needs_room) {
      check(decoder.room_needed() > limits.unasked_bytes_max, "a short message asks for room");
      check(decoder.room_needed() <= limits.occupied_bytes_max(), "a message asks for too much");
      decoder.give_room();
      continue;
    }
    events.push_back(seen(std::move(event), limits));
  }
  check(bytes.empty(), "bytes are left over");
}

std::vector<Seen> decoded(Bytes stream, const FrameLimits& limits) {
  FrameDecoder decoder(&limits);
  std::vector<Seen> events;
  feed(decoder, stream, limits, events);
  return events;
}

// Each piece is a copy of its own, so that reading beyond it is noticed.
std::vector<Seen> decoded_in_pieces(Bytes stream, const FrameLimits& limits, std::uint32_t seed) {
  std::minstd_rand random(seed);
  const std::size_t piece_max = 1 + seed % 40;
  FrameDecoder decoder(&limits);
  std::vector<Seen> events;
  while (!stream.empty()) {
    const std::size_t size = std::min<std::size_t>(stream.size(), 1 + random() % piece_max);
    const std::vector<std::uint8_t> piece(stream.begin(), stream.begin() + size);
    feed(decoder, piece, limits, events);
    stream = stream.subspan(size);
  }
  return events;
}

std::vector<Seen> without_text(std::vector<Seen> events) {
  for (Seen& event : events)
    if (event.kind == FrameEventKind::text) event.content.clear();
  return events;
}

// The events as a stream of unfragmented frames.
std::vector<std::uint8_t> encoded(const std::vector<Seen>& events) {
  std::vector<std::uint8_t> stream;
  for (const Seen& event : events) {
    const Bytes content = as_bytes(event.content);
    const auto append = [&](const ControlFrame& frame) {
      stream.insert(stream.end(), frame.bytes().begin(), frame.bytes().end());
    };
    switch (event.kind) {
      case FrameEventKind::binary:
        append_frame(stream, Opcode::binary, content);
        break;
      case FrameEventKind::text:
        append_frame(stream, Opcode::text, content);
        break;
      case FrameEventKind::ping:
        append(ping_frame(content));
        break;
      case FrameEventKind::pong:
        append(pong_frame(content));
        break;
      case FrameEventKind::close:
        append(close_frame(event.code, event.content));
        break;
      case FrameEventKind::violation:
      case FrameEventKind::need_more:
      case FrameEventKind::needs_room:
        break;
    }
  }
  return stream;
}

void run(Bytes input) {
  if (input.size() < 3) return;
  FrameLimits limits{.message_bytes_max = (input[0] & 1) != 0 ? 300u : 70000u};
  limits.headroom = (input[0] & 2) != 0 ? 10 : 0;
  limits.tailroom = (input[0] & 4) != 0 ? 11 : 0;
  limits.expect_masked = (input[0] & 8) == 0;
  limits.keep_text = true;
  if ((input[0] & 16) != 0) limits.unasked_bytes_max = 100;
  const std::uint32_t seed = input[1] | input[2] << 8;
  const Bytes stream = input.subspan(3);

  const std::vector<Seen> events = decoded(stream, limits);
  check(decoded_in_pieces(stream, limits, seed) == events, "cut, the stream is another");

  FrameLimits forgetful = limits;
  forgetful.keep_text = false;
  check(decoded_in_pieces(stream, forgetful, seed) == without_text(events),
        "without its texts the stream is another");

  std::vector<Seen> legal = events;
  if (!legal.empty() && legal.back().kind == FrameEventKind::violation) legal.pop_back();
  FrameLimits from_server = limits;
  from_server.expect_masked = false;
  check(decoded(encoded(legal), from_server) == legal, "written and read again it is another");
}

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::run({data, size});
  return 0;
}
