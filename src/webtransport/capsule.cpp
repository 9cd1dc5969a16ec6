#include "webtransport/capsule.h"

#include <algorithm>

#include "webtransport/http3_frame.h"
#include "wire/utf8.h"

namespace parley {
namespace {

namespace capsule_type {
constexpr std::uint64_t close_session = 0x2843;
constexpr std::uint64_t drain_session = 0x78ae;
// WebTransport over HTTP/2 only; there QUIC does not do it.
constexpr std::uint64_t max_stream_data = 0x190b4d3e;
constexpr std::uint64_t stream_data_blocked = 0x190b4d42;
}  // namespace capsule_type

constexpr std::size_t code_bytes = 4;

// The longest beginning of `text` of at most `bytes_max` bytes that splits no character.
std::string_view cut_at_character(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::vector<std::uint8_t> capsule_frame(std::uint64_t type, Bytes value) {
  std::vector<std::uint8_t> capsule;
  append_varint(capsule, type);
  append_varint(capsule, value.size());
  capsule.insert(capsule.end(), value.begin(), value.end());

  std::vector<std::uint8_t> frame;
  append_frame_header(frame, http3_frame::data, capsule.size());
  frame.insert(frame.end(), capsule.begin(), capsule.end());
  return frame;
}

}  // namespace

CapsuleEvent CapsuleParser::next(Bytes& in) {
  while (!in.empty() && !has_failed_) {
    if (has_closed_) return violation("something follows the capsule that closes the session");
    if (!is_in_value_) {
      if (!type_.feed(in) || !length_.feed(in)) break;
      const CapsuleEvent event = begin_capsule();
      if (event.kind != CapsuleEventKind::need_more) return event;
    } else {
      const std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>(missing_, in.size()));
      if (is_close()) value_.append(as_text(in.first(size)));
      in = in.subspan(size);
      missing_ -= size;
    }
    if (is_in_value_ && missing_ == 0) {
      const CapsuleEvent event = end_capsule();
      if (event.kind != CapsuleEventKind::need_more) return event;
    }
  }
  in = {};
  return {};
}

bool CapsuleParser::is_close() const { return type_.value() == capsule_type::close_session; }

CapsuleEvent CapsuleParser::begin_capsule() {
  switch (type_.value()) {
    case capsule_type::max_stream_data:
    case capsule_type::stream_data_blocked:
      return violation("a capsule for HTTP/2 only has come");
    case capsule_type::close_session:
      if (length_.value() < code_bytes)
        return violation("the capsule that closes the session has no code");
      if (length_.value() > code_bytes + wt_close_reason_bytes_max)
        return violation("the reason to close the session is too long");
      break;
    default:
      break;
  }
  missing_ = length_.value();
  is_in_value_ = true;
  return {};
}

CapsuleEvent CapsuleParser::end_capsule() {
  const std::uint64_t type = type_.value();
  type_ = {};
  length_ = {};
  is_in_value_ = false;

  CapsuleEvent event;
  if (type == capsule_type::drain_session) event.kind = CapsuleEventKind::drain;
  if (type != capsule_type::close_session) return event;

  const Bytes value = as_bytes(value_);
  if (!is_utf8(value.subspan(code_bytes)))
    return violation("the reason to close the session is not UTF-8");
  for (const std::uint8_t byte : value.first(code_bytes)) event.code = event.code << 8 | byte;
  event.reason = value_.substr(code_bytes);
  event.kind = CapsuleEventKind::close;
  has_closed_ = true;
  return event;
}

CapsuleEvent CapsuleParser::violation(const char* sentence) {
  has_failed_ = true;
  CapsuleEvent event;
  event.kind = CapsuleEventKind::violation;
  event.sentence = sentence;
  return event;
}

std::vector<std::uint8_t> close_capsule_frame(std::uint32_t code, std::string_view reason) {
  std::vector<std::uint8_t> value;
  for (int shift = 24; shift >= 0; shift -= 8)
    value.push_back(static_cast<std::uint8_t>(code >> shift));
  const Bytes text = as_bytes(cut_at_character(reason, wt_close_reason_bytes_max));
  value.insert(value.end(), text.begin(), text.end());
  return capsule_frame(capsule_type::close_session, value);
}

std::vector<std::uint8_t> drain_capsule_frame() {
  return capsule_frame(capsule_type::drain_session, {});
}

}  // namespace parley
