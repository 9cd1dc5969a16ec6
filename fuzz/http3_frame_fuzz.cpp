// HTTP/3 frames, and what is in them: whatever the bytes are and however they are cut, a reader
// sees the same frames; SETTINGS mean the same with grease behind them; fields that were decoded
// encode to the same fields again.
//
// Input: one byte that says what the stream is, two that seed where it is cut, then the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/check.h"
#include "webtransport/http3_frame.h"
#include "webtransport/http3_request.h"
#include "webtransport/qpack.h"
#include "webtransport/settings.h"

namespace parley {
namespace {

void read_fields(Bytes section) {
  const auto fields = decode_fields(section);
  if (!fields) return;
  check(fields->size() <= fields_max, "there are more fields than allowed");
  const auto again = decode_fields(encode_fields(*fields));
  check(again && *again == *fields, "written and read again the fields are others");

  const auto request = read_request(*fields);
  if (request) {
    check(request->path.starts_with('/') && !request->authority.empty(), "a request leads nowhere");
    (void)accepting_frame(*request);
  } else {
    const Http3Refusal& refusal = request.error();
    check(refusal.status >= 400 && !refusal.word.empty() && !refusal.sentence.empty(),
          "a refusal does not say why");
  }
}

void read_client_settings(Bytes payload) {
  const auto settings = read_settings(payload);
  std::vector<std::uint8_t> greased(payload.begin(), payload.end());
  append_varint(greased, 0x1f * 12 + 0x21);
  append_varint(greased, 7);
  const auto again = read_settings(greased);
  if (settings)
    check(again && again->takes_datagrams == settings->takes_datagrams, "grease means something");
}

void look_into(const Http3FrameEvent& frame) {
  if (frame.type == http3_frame::headers) read_fields(frame.payload);
  if (frame.type == http3_frame::settings) read_client_settings(frame.payload);
}

// What was seen, in one text: pieces of data one after another, everything else marked.
void feed(Http3FrameReader& reader, Bytes bytes, std::string& seen) {
  while (true) {
    const Http3FrameEvent event = reader.next(bytes);
    if (event.kind == Http3FrameEventKind::need_more) break;
    if (event.kind != Http3FrameEventKind::data)
      seen += "\n" + std::to_string(static_cast<int>(event.kind)) + " " +
              std::to_string(event.type) + " " + std::to_string(event.id) + " ";
    if (event.kind == Http3FrameEventKind::violation) seen += name_of(event.violation);
    seen += as_text(event.payload);
    if (event.kind == Http3FrameEventKind::frame) look_into(event);
    if (event.kind == Http3FrameEventKind::wt_stream) return;
  }
  check(bytes.empty(), "bytes are left over");
}

std::string read_whole(Bytes stream, Http3FrameRules rules) {
  Http3FrameReader reader(rules);
  std::string seen;
  feed(reader, stream, seen);
  return seen;
}

// Each piece is a copy of its own, so that reading beyond it is noticed.
std::string read_in_pieces(Bytes stream, Http3FrameRules rules, std::uint32_t seed) {
  std::minstd_rand random(seed);
  const std::size_t piece_max = 1 + seed % 40;
  Http3FrameReader reader(rules);
  std::string seen;
  while (!stream.empty()) {
    const std::size_t size = std::min<std::size_t>(stream.size(), 1 + random() % piece_max);
    const std::vector<std::uint8_t> piece(stream.begin(),
                                          stream.begin() + static_cast<std::ptrdiff_t>(size));
    feed(reader, piece, seen);
    stream = stream.subspan(size);
  }
  return seen;
}

void run(Bytes input) {
  if (input.size() < 3) return;
  const int kind = input[0] % 5;
  const std::uint32_t seed = input[1] | input[2] << 8;
  const Bytes stream = input.subspan(3);
  if (kind == 3) return read_fields(stream);
  if (kind == 4) {
    read_client_settings(stream);
    (void)is_legal_encoder_stream(stream);
    (void)QpackDecoderStream().feed(stream);
    return;
  }
  const auto rules = static_cast<Http3FrameRules>(kind);
  check(read_in_pieces(stream, rules, seed) == read_whole(stream, rules),
        "cut, the stream is another");
}

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::run({data, size});
  return 0;
}
