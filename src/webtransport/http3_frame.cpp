#include "webtransport/http3_frame.h"

#include <algorithm>

#include "webtransport/settings.h"

namespace parley {
namespace {

// Frames of HTTP/2 that HTTP/3 forbids rather than ignores (RFC 9114 §7.2.8).
constexpr bool is_of_http2(std::uint64_t type) {
  return type == 0x02 || type == 0x06 || type == 0x08 || type == 0x09;
}

}  // namespace

void append_frame_header(std::vector<std::uint8_t>& to, std::uint64_t type, std::uint64_t length) {
  append_varint(to, type);
  append_varint(to, length);
}

Http3FrameEvent Http3FrameReader::next(Bytes& in) {
  // What was gathered is the last event's payload.
  if (!is_in_payload_) gathered_.clear();
  while (!in.empty() && !has_ended_) {
    Http3FrameEvent event;
    if (is_in_payload_)
      event = continue_payload(in);
    else if (type_.feed(in) && length_.feed(in))
      event = begin_frame();
    if (event.kind != Http3FrameEventKind::need_more) return event;
  }
  in = {};
  return {};
}

Http3FrameEvent Http3FrameReader::begin_frame() {
  const std::uint64_t type = type_.value();
  const std::uint64_t length = length_.value();
  payload_ = Payload::skipped;
  missing_ = length;

  Http3FrameEvent event;
  if (is_of_http2(type))
    event = fail(Http3Violation::frame_unexpected, "a frame of HTTP/2 has come");
  else if (type == http3_frame::wt_stream)
    event = rules_ == Http3FrameRules::request && is_first_
                ? end({.kind = Http3FrameEventKind::wt_stream, .id = length})
                : fail(Http3Violation::frame_error, "a stream of WebTransport begins too late");
  else if (rules_ == Http3FrameRules::control)
    event = begin_on_control(type, length);
  else if (rules_ == Http3FrameRules::request)
    event = begin_on_request(type, length);
  else
    event = begin_in_tunnel(type, length);

  is_first_ = false;
  if (has_ended_) return event;
  is_in_payload_ = true;
  if (missing_ > 0) return event;
  if (event.kind != Http3FrameEventKind::need_more) {
    forget_header();
    return event;
  }
  Bytes nothing;
  return continue_payload(nothing);
}

Http3FrameEvent Http3FrameReader::begin_on_control(std::uint64_t type, std::uint64_t length) {
  if (is_first_ && type != http3_frame::settings)
    return fail(Http3Violation::missing_settings, "the control stream begins without SETTINGS");
  switch (type) {
    case http3_frame::settings:
      if (!is_first_) return fail(Http3Violation::frame_unexpected, "SETTINGS come twice");
      return gather(settings_bytes_max, Http3Violation::excessive_load, "SETTINGS are too long");
    case http3_frame::goaway:
    case http3_frame::max_push_id:
    case http3_frame::cancel_push:
      if (length == 0) return fail(Http3Violation::frame_error, "an id is missing");
      return gather(varint_bytes_max, Http3Violation::frame_error, "an id is too long");
    case http3_frame::data:
    case http3_frame::headers:
    case http3_frame::push_promise:
      return fail(Http3Violation::frame_unexpected, "a request's frame is on the control stream");
    default:
      return {};
  }
}

Http3FrameEvent Http3FrameReader::begin_on_request(std::uint64_t type, std::uint64_t length) {
  switch (type) {
    case http3_frame::headers:
      if (length > headers_bytes_max) return end({.kind = Http3FrameEventKind::headers_too_large});
      payload_ = Payload::gathered;
      return {};
    case http3_frame::data:
      return fail(Http3Violation::frame_unexpected, "DATA come before HEADERS");
    case http3_frame::settings:
    case http3_frame::goaway:
    case http3_frame::max_push_id:
    case http3_frame::cancel_push:
    case http3_frame::push_promise:
      return fail(Http3Violation::frame_unexpected, "a frame is not on its own stream");
    default:
      return {};
  }
}

Http3FrameEvent Http3FrameReader::begin_in_tunnel(std::uint64_t type, std::uint64_t length) {
  switch (type) {
    case http3_frame::data:
      payload_ = Payload::passed_on;
      return {};
    case http3_frame::bare_close_capsule:
      // The frame's header is the capsule's: pass it on with the rest.
      payload_ = Payload::passed_on;
      append_frame_header(gathered_, type, length);
      return {.kind = Http3FrameEventKind::data, .payload = gathered_};
    case http3_frame::headers:
    case http3_frame::settings:
    case http3_frame::goaway:
    case http3_frame::max_push_id:
    case http3_frame::cancel_push:
    case http3_frame::push_promise:
      return fail(Http3Violation::frame_unexpected, "a CONNECT stream carries DATA only");
    default:
      return {};
  }
}

Http3FrameEvent Http3FrameReader::gather(std::size_t bytes_max, Http3Violation violation,
                                         const char* sentence) {
  if (length_.value() > bytes_max) return fail(violation, sentence);
  payload_ = Payload::gathered;
  return {};
}

Http3FrameEvent Http3FrameReader::continue_payload(Bytes& in) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(missing_, in.size()));
  const Bytes piece = in.first(size);
  in = in.subspan(size);
  missing_ -= size;

  Http3FrameEvent event;
  if (payload_ == Payload::passed_on && !piece.empty()) {
    event.kind = Http3FrameEventKind::data;
    event.payload = piece;
  }
  if (payload_ == Payload::gathered) {
    const bool is_here_whole = missing_ == 0 && gathered_.empty();
    if (!is_here_whole) gathered_.insert(gathered_.end(), piece.begin(), piece.end());
    if (missing_ == 0) {
      event.kind = Http3FrameEventKind::frame;
      event.type = type_.value();
      event.payload = is_here_whole ? piece : Bytes(gathered_);
    }
  }
  if (missing_ == 0) forget_header();
  return event;
}

void Http3FrameReader::forget_header() {
  is_in_payload_ = false;
  type_ = {};
  length_ = {};
}

Http3FrameEvent Http3FrameReader::end(Http3FrameEvent event) {
  has_ended_ = true;
  forget_header();
  return event;
}

Http3FrameEvent Http3FrameReader::fail(Http3Violation violation, const char* sentence) {
  return end(
      {.kind = Http3FrameEventKind::violation, .violation = violation, .sentence = sentence});
}

}  // namespace parley
