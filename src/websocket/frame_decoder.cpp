#include "websocket/frame_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "websocket/frame_mask.h"
#include "wire/utf8.h"

namespace parley {
namespace {

/// Unmasks one piece of a data frame to where its message grows, or only looks at it when it is a
/// text nobody wants. `utf8` is null for binary. False if the text cannot become valid.
bool take_piece(BufferBuilder* message, Bytes piece, MaskKey key, std::size_t offset,
                Utf8Checker* utf8) {
  if (message != nullptr) {
    const MutableBytes room = message->extend(piece.size());
    copy_masked(room.data(), piece, key, offset);
    return utf8 == nullptr || utf8->feed(room);
  }

  std::uint8_t scratch[1024];
  while (!piece.empty()) {
    const Bytes part = piece.first(std::min(piece.size(), sizeof scratch));
    copy_masked(scratch, part, key, offset);
    if (!utf8->feed({scratch, part.size()})) return false;
    offset += part.size();
    piece = piece.subspan(part.size());
  }
  return true;
}

BufferBuilder message_of(std::size_t payload_bytes, const FrameLimits& limits) {
  BufferBuilder message(limits.headroom + payload_bytes + limits.tailroom);
  const MutableBytes headroom = message.extend(limits.headroom);
  std::fill(headroom.begin(), headroom.end(), std::uint8_t{0});
  return message;
}

FrameEvent message_event(Opcode opcode, BufferBuilder message) {
  FrameEvent event;
  event.kind = opcode == Opcode::text ? FrameEventKind::text : FrameEventKind::binary;
  event.message = std::move(message);
  return event;
}

FrameEvent event_of(FrameEventKind kind) {
  FrameEvent event;
  event.kind = kind;
  return event;
}

constexpr const char* invalid_text = "a text is not valid UTF-8";

}  // namespace

/// What is under way between two calls: a frame whose payload is incomplete, a message of which a
/// fragment has begun, or both (a control frame between two fragments).
struct FrameDecoder::InFlight {
  [[nodiscard]] std::size_t capacity() const { return message.size() + message.room(); }

  /// What the message must occupy for the frame that has begun. It at least doubles from the second
  /// to the last fragment, so that a message in many fragments is copied a bounded number of times.
  [[nodiscard]] std::size_t capacity_needed(const FrameLimits& limits) const {
    const std::size_t needed = limits.headroom + message_bytes + limits.tailroom;
    if (needed <= capacity()) return capacity();
    if (message.size() == 0 || frame.is_final) return needed;
    const std::size_t unasked = limits.unasked_bytes_max;
    return std::max(needed, std::min({2 * needed, limits.occupied_bytes_max(),
                                      needed <= unasked ? unasked : SIZE_MAX}));
  }

  void occupy(std::size_t bytes, const FrameLimits& limits) {
    if (message.size() == 0)
      message = message_of(bytes - limits.headroom - limits.tailroom, limits);
    else
      message.grow_to(bytes);
  }

  [[nodiscard]] bool is_within_message() const { return opcode != Opcode::continuation; }

  /// The message: `continuation` while there is none.
  Opcode opcode = Opcode::continuation;
  std::size_t message_bytes = 0;
  BufferBuilder message;
  Utf8Checker utf8;

  /// The frame whose payload is being read, and how much of it has come.
  FrameHeader frame;
  std::size_t frame_bytes = 0;
  std::array<std::uint8_t, control_payload_bytes_max> control;
};

void FrameDecoder::InFlightDeleter::operator()(InFlight* in_flight) const { delete in_flight; }

FrameEvent FrameDecoder::next(Bytes& in) {
  if (in_flight_ != nullptr) release_idle();
  if (room_needed_ > 0) return event_of(FrameEventKind::needs_room);
  while (!in.empty() && !has_ended_) {
    FrameEvent event;
    if (is_within_frame()) {
      event = continue_frame(in);
    } else {
      const ParsedHeader parsed = read_header(in);
      if (parsed.status == HeaderStatus::violation)
        event = violation(close_code::protocol_error, parsed.sentence);
      else if (parsed.status == HeaderStatus::complete)
        event = begin_frame(parsed.header, in);
    }
    if (event.kind != FrameEventKind::need_more) return event;
  }
  in = {};
  return {};
}

bool FrameDecoder::is_within_frame() const {
  return in_flight_ != nullptr && in_flight_->frame_bytes < in_flight_->frame.payload_bytes;
}

ParsedHeader FrameDecoder::read_header(Bytes& in) {
  if (header_bytes_ == 0) {
    const ParsedHeader parsed = parse_frame_header(in, limits_->expect_masked);
    if (parsed.status == HeaderStatus::complete) {
      in = in.subspan(parsed.header.header_bytes);
      return parsed;
    }
    if (parsed.status == HeaderStatus::violation) return parsed;
  }

  // The header is split over two calls or more, which is rare: byte by byte.
  while (!in.empty()) {
    header_[header_bytes_++] = in.front();
    in = in.subspan(1);
    const ParsedHeader parsed =
        parse_frame_header({header_.data(), header_bytes_}, limits_->expect_masked);
    if (parsed.status == HeaderStatus::need_more) continue;
    header_bytes_ = 0;
    return parsed;
  }
  return {};
}

FrameEvent FrameDecoder::begin_frame(const FrameHeader& header, Bytes& in) {
  if (is_control(header.opcode)) return begin_control(header);

  const bool within_message = in_flight_ != nullptr && in_flight_->is_within_message();
  const bool continues = header.opcode == Opcode::continuation;
  if (continues && !within_message)
    return violation(close_code::protocol_error, "a continuation continues nothing");
  if (!continues && within_message)
    return violation(close_code::protocol_error, "a message begins within another");
  const std::size_t message_bytes = within_message ? in_flight_->message_bytes : 0;
  if (header.payload_bytes > limits_->message_bytes_max - message_bytes)
    return violation(close_code::too_big, "a message is longer than allowed");

  if (!continues && header.is_final && in.size() >= header.payload_bytes)
    return take_whole_message(header, in);

  InFlight& flight = in_flight();
  flight.frame = header;
  flight.frame_bytes = 0;
  flight.message_bytes += header.payload_bytes;
  if (!continues) flight.opcode = header.opcode;
  FrameEvent event;
  if (flight.opcode == Opcode::binary || limits_->keep_text) event = make_room();
  return header.payload_bytes == 0 ? end_data_frame() : std::move(event);
}

FrameEvent FrameDecoder::make_room() {
  const std::size_t needed = in_flight_->capacity_needed(*limits_);
  if (needed > limits_->unasked_bytes_max && needed > in_flight_->capacity()) {
    room_needed_ = needed;
    return event_of(FrameEventKind::needs_room);
  }
  in_flight_->occupy(needed, *limits_);
  return {};
}

void FrameDecoder::give_room() { in_flight_->occupy(std::exchange(room_needed_, 0), *limits_); }

void FrameDecoder::stop() {
  has_ended_ = true;
  room_needed_ = 0;
  in_flight_.reset();
}

FrameEvent FrameDecoder::begin_control(const FrameHeader& header) {
  if (header.payload_bytes == 0) return end_control_frame(header.opcode, {});
  InFlight& flight = in_flight();
  flight.frame = header;
  flight.frame_bytes = 0;
  return {};
}

FrameEvent FrameDecoder::take_whole_message(const FrameHeader& header, Bytes& in) {
  const Bytes payload = in.first(header.payload_bytes);
  in = in.subspan(header.payload_bytes);
  const bool is_text = header.opcode == Opcode::text;
  const bool is_kept = !is_text || limits_->keep_text;
  BufferBuilder message;
  if (is_kept) message = message_of(payload.size(), *limits_);
  Utf8Checker utf8;
  const bool is_valid =
      take_piece(is_kept ? &message : nullptr, payload, header.key, 0, is_text ? &utf8 : nullptr);
  if (!is_valid || !utf8.is_whole()) return violation(close_code::invalid_data, invalid_text);
  return message_event(header.opcode, std::move(message));
}

FrameEvent FrameDecoder::continue_frame(Bytes& in) {
  InFlight& flight = *in_flight_;
  const Bytes piece =
      in.first(std::min<std::uint64_t>(in.size(), flight.frame.payload_bytes - flight.frame_bytes));
  in = in.subspan(piece.size());
  const std::size_t offset = flight.frame_bytes;
  flight.frame_bytes += piece.size();
  const bool is_whole = flight.frame_bytes == flight.frame.payload_bytes;

  if (is_control(flight.frame.opcode)) {
    copy_masked(flight.control.data() + offset, piece, flight.frame.key, offset);
    if (!is_whole) return {};
    return end_control_frame(flight.frame.opcode, {flight.control.data(), flight.frame_bytes});
  }

  const bool is_text = flight.opcode == Opcode::text;
  const bool is_kept = !is_text || limits_->keep_text;
  if (!take_piece(is_kept ? &flight.message : nullptr, piece, flight.frame.key, offset,
                  is_text ? &flight.utf8 : nullptr))
    return violation(close_code::invalid_data, invalid_text);
  return is_whole ? end_data_frame() : FrameEvent{};
}

FrameEvent FrameDecoder::end_data_frame() {
  InFlight& flight = *in_flight_;
  if (!flight.frame.is_final) return {};
  if (!flight.utf8.is_whole()) return violation(close_code::invalid_data, invalid_text);
  FrameEvent event = message_event(flight.opcode, std::move(flight.message));
  in_flight_.reset();
  return event;
}

FrameEvent FrameDecoder::end_control_frame(Opcode opcode, Bytes payload) {
  if (opcode == Opcode::close) return close_event(payload);
  FrameEvent event;
  event.kind = opcode == Opcode::ping ? FrameEventKind::ping : FrameEventKind::pong;
  event.payload = payload;
  return event;
}

FrameEvent FrameDecoder::close_event(Bytes payload) {
  FrameEvent event;
  event.kind = FrameEventKind::close;
  event.code = close_code::none_given;
  if (payload.size() == 1)
    return violation(close_code::protocol_error, "a close frame has half a code");
  if (payload.size() >= 2) {
    event.code = static_cast<std::uint16_t>(payload[0] << 8 | payload[1]);
    if (!is_sendable_close_code(event.code))
      return violation(close_code::protocol_error, "a close code must not be sent");
    const Bytes reason = payload.subspan(2);
    if (!is_utf8(reason))
      return violation(close_code::invalid_data, "a close reason is not valid UTF-8");
    event.reason = as_text(reason);
  }
  stop();
  return event;
}

FrameEvent FrameDecoder::violation(std::uint16_t code, const char* sentence) {
  stop();
  FrameEvent event;
  event.kind = FrameEventKind::violation;
  event.code = code;
  event.reason = sentence;
  return event;
}

FrameDecoder::InFlight& FrameDecoder::in_flight() {
  if (in_flight_ == nullptr) in_flight_.reset(new InFlight);
  return *in_flight_;
}

void FrameDecoder::release_idle() {
  if (!is_within_frame() && !in_flight_->is_within_message()) in_flight_.reset();
}

}  // namespace parley
