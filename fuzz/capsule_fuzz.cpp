// CapsuleParser: whatever the bytes are and however they are cut, it sees the same, and what it has
// taken for a close encodes to the same close again.
//
// Input: two bytes that seed where the stream is cut, then the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "webtransport/capsule.h"
#include "webtransport/http3_frame.h"
#include "wire/utf8.h"

namespace parley {
namespace {

struct Seen {
  CapsuleEventKind kind;
  std::uint32_t code;
  std::string reason;

  bool operator==(const Seen&) const = default;
};

void feed(CapsuleParser& parser, Bytes bytes, std::vector<Seen>& events) {
  while (true) {
    CapsuleEvent event = parser.next(bytes);
    if (event.kind == CapsuleEventKind::need_more) break;
    check(event.reason.size() <= wt_close_reason_bytes_max, "a reason is longer than allowed");
    check(is_utf8(as_bytes(event.reason)), "a reason is not UTF-8");
    events.push_back({event.kind, event.code, std::move(event.reason)});
  }
  check(bytes.empty(), "bytes are left over");
}

std::vector<Seen> parsed(Bytes stream) {
  CapsuleParser parser;
  std::vector<Seen> events;
  feed(parser, stream, events);
  return events;
}

// Each piece is a copy of its own, so that reading beyond it is noticed.
std::vector<Seen> parsed_in_pieces(Bytes stream, std::uint32_t seed) {
  std::minstd_rand random(seed);
  const std::size_t piece_max = 1 + seed % 40;
  CapsuleParser parser;
  std::vector<Seen> events;
  while (!stream.empty()) {
    const std::size_t size = std::min<std::size_t>(stream.size(), 1 + random() % piece_max);
    const std::vector<std::uint8_t> piece(stream.begin(),
                                          stream.begin() + static_cast<std::ptrdiff_t>(size));
    feed(parser, piece, events);
    stream = stream.subspan(size);
  }
  return events;
}

void write_again(const Seen& close) {
  const std::vector<std::uint8_t> frame = close_capsule_frame(close.code, close.reason);
  Bytes rest = frame;
  Http3FrameReader reader(Http3FrameRules::tunnel);
  CapsuleParser parser;
  std::vector<Seen> events;
  while (true) {
    const Http3FrameEvent event = reader.next(rest);
    if (event.kind == Http3FrameEventKind::need_more) break;
    check(event.kind == Http3FrameEventKind::data, "a capsule is not in a DATA frame");
    feed(parser, event.payload, events);
  }
  check(events == std::vector<Seen>{close}, "written and read again it is another");
}

void run(Bytes input) {
  if (input.size() < 2) return;
  const std::uint32_t seed = input[0] | input[1] << 8;
  const Bytes stream = input.subspan(2);
  const std::vector<Seen> events = parsed(stream);
  check(parsed_in_pieces(stream, seed) == events, "cut, the stream is another");
  for (const Seen& event : events)
    if (event.kind == CapsuleEventKind::close) write_again(event);
}

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::run({data, size});
  return 0;
}
