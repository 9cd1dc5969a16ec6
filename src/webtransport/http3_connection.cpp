#include "webtransport/http3_connection.h"

#include <algorithm>
#include <string>
#include <utility>

#include "webtransport/varint.h"

namespace parley {
namespace {

constexpr std::uint64_t quarter_stream_id_max = (std::uint64_t{1} << 60) - 1;  // RFC 9297 §2.1

Buffer buffer_of(const std::vector<std::uint8_t>& bytes) { return Buffer::copy_of(bytes); }

template <class Row>
auto find_stream(std::vector<Row>& rows, StreamId stream) {
  return std::ranges::find(rows, stream, &Row::stream);
}

template <class Row>
bool forget(std::vector<Row>& rows, StreamId stream) {
  return std::erase_if(rows, [&](const Row& row) { return row.stream == stream; }) > 0;
}

WtClose close_of(const QuicEnd& end) {
  WtClose close{WtClose::Cause::connection_ended, 0, end.reason};
  if (end.cause == QuicEnd::Cause::idle) close.cause = WtClose::Cause::silent;
  if (end.cause == QuicEnd::Cause::local) close.cause = WtClose::Cause::local;
  if (end.cause == QuicEnd::Cause::error) close.cause = WtClose::Cause::violation;
  // One family of clients closes a session so, instead of by a capsule.
  if (end.cause == QuicEnd::Cause::peer && end.is_application)
    close.code = application_code_of(end.code).value_or(0);
  return close;
}

}  // namespace

Http3Connection::Http3Connection(QuicConnection& quic, Http3Handler& handler,
                                 const Http3Rules& rules, PartialBudget& partial, WtStats& stats)
    : quic_(quic),
      handler_(handler),
      rules_(rules),
      stats_(stats),
      inbox_(quic, rules, partial, stats) {}

Http3Connection::~Http3Connection() = default;

void Http3Connection::on_ready(Now now) {
  const auto stream = quic_.open_uni(Urgency::control);
  if (!stream) {
    give_up(http3_code::stream_creation_error, "no control stream was granted", now);
    return;
  }
  control_out_ = *stream;
  const std::vector<std::uint8_t> settings = server_settings();
  std::vector<std::uint8_t> opening;
  append_varint(opening, uni_stream_type::control);
  append_frame_header(opening, http3_frame::settings, settings.size());
  opening.insert(opening.end(), settings.begin(), settings.end());
  quic_.write(control_out_, buffer_of(opening), false);

  settings_deadline_ = now.monotonic + rules_.settings_timeout;
  connect_deadline_ = now.monotonic + rules_.connect_timeout;
}

void Http3Connection::drain() {
  if (is_draining_ || has_ended_ || control_out_ == no_stream) return;
  is_draining_ = true;
  std::vector<std::uint8_t> id;
  append_varint(id, static_cast<std::uint64_t>(next_request_));
  std::vector<std::uint8_t> goaway;
  append_frame_header(goaway, http3_frame::goaway, id.size());
  goaway.insert(goaway.end(), id.begin(), id.end());
  quic_.write(control_out_, buffer_of(goaway), false);
  if (session_ != nullptr) session_->drain();
}

void Http3Connection::on_stream_data(StreamId stream, Bytes bytes, bool is_last, Now now) {
  if (has_ended_) return;
  if (is_unidirectional(stream))
    on_uni_data({stream, bytes, is_last}, now);
  else
    on_bidi_data({stream, bytes, is_last}, now);
  settle(now);
}

// --- Unidirectional streams.

void Http3Connection::on_uni_data(Piece piece, Now now) {
  if (is_critical(piece.stream))
    on_critical_data(piece, now);
  else if (inbox_.has(piece.stream))
    inbox_.on_data(piece.stream, piece.bytes, piece.is_last, now);
  else
    on_headless_data(piece, now);
}

void Http3Connection::on_headless_data(Piece piece, Now now) {
  auto place = find_stream(headless_, piece.stream);
  StreamHead head = place == headless_.end() ? StreamHead{} : place->head;
  Bytes rest = piece.bytes;
  const bool is_whole = head.feed(rest);
  if (is_whole) {
    if (place != headless_.end()) headless_.erase(place);
    begin_uni(head, piece.bytes.size() - rest.size(), {piece.stream, rest, piece.is_last}, now);
    return;
  }

  give_back(piece);
  if (piece.is_last) {
    // Legal (RFC 9114 §6.2), and nothing is lost.
    stats_.streams_headless.add();
    if (place != headless_.end()) headless_.erase(place);
    inbox_.on_gone(piece.stream, now);
  } else if (place != headless_.end()) {
    place->head = head;
  } else {
    headless_.push_back({piece.stream, now.monotonic, head});
  }
}

void Http3Connection::begin_uni(const StreamHead& head, std::size_t head_bytes, Piece rest,
                                Now now) {
  if (head.has_session()) {
    if (!is_session_id(head.session()))
      fail(Http3Violation::id, "a stream names a session that cannot be", now);
    else
      inbox_.begin(rest.stream, head.session(), head_bytes, rest.bytes, rest.is_last, now);
    return;
  }

  quic_.give_back(head_bytes);
  if (!rest.is_last) quic_.give_back_to_stream(rest.stream, head_bytes);
  inbox_.on_gone(rest.stream, now);
  switch (head.type()) {
    case uni_stream_type::control:
      return begin_critical(control_in_, rest, now);
    case uni_stream_type::qpack_encoder:
      return begin_critical(encoder_in_, rest, now);
    case uni_stream_type::qpack_decoder:
      return begin_critical(decoder_in_, rest, now);
    case uni_stream_type::push:
      return fail(Http3Violation::stream_creation, "a client has opened a push stream", now);
    default:
      stats_.unknown_streams.add();
      quic_.give_back(rest.bytes.size());
      if (!rest.is_last) quic_.stop(rest.stream, http3_code::stream_creation_error);
  }
}

void Http3Connection::begin_critical(StreamId& place, Piece piece, Now now) {
  if (place != no_stream)
    return fail(Http3Violation::stream_creation, "a stream that comes once comes twice", now);
  place = piece.stream;
  on_critical_data(piece, now);
}

bool Http3Connection::is_critical(StreamId stream) const {
  return stream == control_in_ || stream == encoder_in_ || stream == decoder_in_;
}

void Http3Connection::on_critical_data(Piece piece, Now now) {
  give_back(piece);
  if (piece.stream == control_in_)
    on_control_data(piece.bytes, now);
  else if (piece.stream == encoder_in_ && !is_legal_encoder_stream(piece.bytes))
    fail(Http3Violation::qpack_encoder_stream, "there is no table to insert into", now);
  else if (piece.stream == decoder_in_ && !decoder_stream_.feed(piece.bytes))
    fail(Http3Violation::qpack_decoder_stream, "there is nothing to acknowledge", now);
  if (piece.is_last && !has_ended_)
    fail(Http3Violation::closed_critical_stream, "a stream that must stay open has ended", now);
}

void Http3Connection::on_control_data(Bytes bytes, Now now) {
  while (!has_ended_) {
    const Http3FrameEvent event = control_frames_.next(bytes);
    if (event.kind == Http3FrameEventKind::need_more) return;
    if (event.kind == Http3FrameEventKind::violation)
      fail(event.violation, event.sentence, now);
    else
      on_control_frame(event, now);
  }
}

void Http3Connection::on_control_frame(const Http3FrameEvent& frame, Now now) {
  if (frame.type == http3_frame::settings) {
    const auto settings = read_settings(frame.payload);
    if (!settings) return fail(settings.error(), "the SETTINGS are illegal", now);
    settings_ = *settings;
    settings_deadline_ = never;
    answer_connect(now);
    return;
  }

  Bytes rest = frame.payload;
  const auto id = read_varint(rest);
  if (!id || !rest.empty())
    return fail(Http3Violation::frame_error, "a frame holds something else than an id", now);
  const bool is_goaway = frame.type == http3_frame::goaway;
  const bool is_legal =
      is_goaway ? !goaway_id_ || *id <= *goaway_id_
                : frame.type == http3_frame::max_push_id && (!max_push_id_ || *id >= *max_push_id_);
  // We never push, so there is nothing that a client could cancel.
  if (!is_legal) return fail(Http3Violation::id, "an id is not what it may be", now);
  (is_goaway ? goaway_id_ : max_push_id_) = id;
}

// --- Requests.

void Http3Connection::on_bidi_data(Piece piece, Now now) {
  give_back(piece);
  if (session_ != nullptr && piece.stream == session_->connect_stream()) {
    const auto broken = session_->on_connect_data(piece.bytes, piece.is_last, now);
    if (broken) fail(broken->violation, broken->sentence, now);
    return;
  }

  auto place = find_stream(requests_, piece.stream);
  if (place == requests_.end()) {
    next_request_ = std::max(next_request_, piece.stream + 4);
    requests_.push_back({.stream = piece.stream, .since = now.monotonic});
    place = requests_.end() - 1;
  }
  const Http3FrameEvent event = place->frames.next(piece.bytes);
  if (event.kind != Http3FrameEventKind::need_more)
    on_request_event(event, piece, now);
  else if (piece.is_last)
    on_request_cut(*place, now);
}

void Http3Connection::on_request_event(const Http3FrameEvent& event, Piece rest, Now now) {
  switch (event.kind) {
    case Http3FrameEventKind::frame:
      return on_headers(event.payload, rest, now);
    case Http3FrameEventKind::wt_stream:
      forget(requests_, rest.stream);
      return on_wt_bidi(event.id, rest, now);
    case Http3FrameEventKind::headers_too_large:
      forget(requests_, rest.stream);
      return refuse(rest.stream, {431, "too_large", "the request is too long"}, rest.is_last);
    default:
      return fail(event.violation, event.sentence, now);
  }
}

void Http3Connection::on_request_cut(const Request& request, Now now) {
  if (!request.frames.is_between_frames())
    return fail(Http3Violation::frame_error, "a request ends within a frame", now);
  const StreamId stream = request.stream;
  forget(requests_, stream);
  stats_.requests_refused.add();
  handler_.on_refused("incomplete");
  quic_.reset(stream, http3_code::request_incomplete, 0);
}

void Http3Connection::on_wt_bidi(std::uint64_t session, Piece piece, Now now) {
  if (!is_session_id(session))
    return fail(Http3Violation::id, "a stream names a session that cannot be", now);
  stats_.bidi_refused.add();
  reject(piece.stream, http3_code_of(StreamRefusal::bidirectional));
}

void Http3Connection::on_headers(Bytes section, Piece rest, Now now) {
  auto fields = decode_fields(section);
  forget(requests_, rest.stream);
  if (!fields) {
    if (fields.error() == QpackFailure::malformed)
      fail(Http3Violation::qpack_decompression, "the fields of a request cannot be decoded", now);
    else
      refuse(rest.stream, {431, "too_large", "the request is too long"}, rest.is_last);
    return;
  }
  auto request = read_request(std::move(*fields));
  if (!request) return refuse(rest.stream, request.error(), rest.is_last);
  if (is_draining_) {
    handler_.on_refused("draining");
    stats_.requests_refused.add();
    return reject(rest.stream, http3_code::request_rejected);
  }

  if (request->method == "CONNECT") return on_connect(std::move(*request), rest, now);
  const bool with_body = request->method != "HEAD";
  answer(rest.stream, handler_.handle(*request, now), with_body, rest.is_last);
  stats_.requests_answered.add();
  if (session_ == nullptr) connect_deadline_ = now.monotonic + rules_.connect_timeout;
}

void Http3Connection::on_connect(Http3Request request, Piece rest, Now now) {
  if (session_ != nullptr) {
    handler_.on_refused("second_session");
    stats_.requests_refused.add();
    return reject(rest.stream, http3_code::request_rejected);
  }
  connect_deadline_ = never;
  asked_ = std::make_unique<Http3Request>(std::move(request));
  session_ = std::make_unique<Http3Session>(quic_, inbox_, rules_, stats_, rest.stream);
  // Clients do not wait for the answer before they send capsules.
  const auto broken = session_->on_connect_data(rest.bytes, rest.is_last, now);
  if (broken) return fail(broken->violation, broken->sentence, now);
  answer_connect(now);
}

void Http3Connection::answer_connect(Now now) {
  if (asked_ == nullptr || !settings_) return;
  const auto request = std::exchange(asked_, nullptr);
  if (!session_->is_asked()) {
    handler_.on_refused("taken_back");
    return;
  }
  if (!settings_->takes_datagrams && quic_.datagram_bytes_max() == 0) {
    handler_.on_refused("no_datagrams");
    return refuse_connect({400, "text/plain", "WebTransport needs datagrams"}, now);
  }

  Http3Response refusal;
  auto events = handler_.connect(*request, *session_, refusal, now);
  if (events == nullptr) {
    if (refusal.status < 300) refusal.status = 500;
    return refuse_connect(refusal, now);
  }
  stats_.sessions_accepted.add();
  quic_.write(session_->connect_stream(), buffer_of(accepting_frame(*request)), false);
  session_->open(std::move(events), now);
}

void Http3Connection::refuse_connect(const Http3Response& response, Now now) {
  stats_.sessions_refused.add();
  const StreamId stream = session_->connect_stream();
  session_.reset();
  inbox_.reject(static_cast<std::uint64_t>(stream));
  answer(stream, response, true, false);
  connect_deadline_ = now.monotonic + rules_.connect_timeout;
}

void Http3Connection::answer(StreamId stream, const Http3Response& response, bool with_body,
                             bool is_last) {
  quic_.write(stream, buffer_of(response_frames(response, with_body)), true);
  // The rest of the request is of no interest (RFC 9114 §4.1).
  if (!is_last) quic_.stop(stream, http3_code::no_error);
}

void Http3Connection::refuse(StreamId stream, const Http3Refusal& refusal, bool is_last) {
  handler_.on_refused(refusal.word);
  stats_.requests_refused.add();
  answer(stream, {refusal.status, "text/plain", std::string(refusal.sentence)}, true, is_last);
}

void Http3Connection::reject(StreamId stream, std::uint64_t code) {
  quic_.stop(stream, code);
  quic_.reset(stream, code, 0);
}

void Http3Connection::give_back(const Piece& piece) {
  if (piece.bytes.empty()) return;
  quic_.give_back(piece.bytes.size());
  if (!piece.is_last) quic_.give_back_to_stream(piece.stream, piece.bytes.size());
}

// --- The ends of streams.

void Http3Connection::on_stream_reset(StreamId stream, std::uint64_t, Now now) {
  if (has_ended_) return;
  if (is_critical(stream)) {
    fail(Http3Violation::closed_critical_stream, "a stream that must stay open was reset", now);
  } else if (session_ != nullptr && stream == session_->connect_stream()) {
    session_->on_connect_reset(now);
  } else if (is_unidirectional(stream)) {
    if (forget(headless_, stream)) stats_.streams_headless.add();
    inbox_.on_gone(stream, now);
  } else if (forget(requests_, stream)) {
    quic_.reset(stream, http3_code::request_cancelled, 0);
  }
  settle(now);
}

void Http3Connection::on_stream_closed(StreamId stream, std::uint64_t, Now now) {
  if (has_ended_) return;
  if (stream == control_out_) {
    fail(Http3Violation::closed_critical_stream, "our control stream was stopped", now);
  } else if (is_server_stream(stream)) {
    if (session_ != nullptr) session_->on_out_stream_closed(stream, now);
  } else if (session_ != nullptr && stream == session_->connect_stream()) {
    session_->on_connect_closed(now);
  } else if (is_unidirectional(stream)) {
    forget(headless_, stream);
    inbox_.on_gone(stream, now);
  } else {
    forget(requests_, stream);
  }
  settle(now);
}

// --- Datagrams, flushes, time, and the end.

void Http3Connection::on_datagram(Bytes payload, Now now) {
  if (has_ended_) return;
  const auto quarter = read_varint(payload);
  if (!quarter || *quarter > quarter_stream_id_max)
    fail(Http3Violation::datagram, "a datagram names no stream", now);
  else
    inbox_.on_datagram(*quarter * 4, payload, now);
  settle(now);
}

bool Http3Connection::pull(Urgency than, Now now) {
  return !has_ended_ && session_ != nullptr && session_->pull(than, now);
}

void Http3Connection::on_flushed(bool accepted, bool blocked, Now now) {
  if (has_ended_ || session_ == nullptr) return;
  session_->on_flushed(accepted, blocked, now);
  settle(now);
}

TimePoint Http3Connection::deadline() const {
  if (has_ended_) return never;
  TimePoint earliest = std::min({settings_deadline_, connect_deadline_, inbox_.deadline()});
  if (session_ != nullptr) earliest = std::min(earliest, session_->deadline());
  if (!headless_.empty())
    earliest = std::min(earliest, headless_.front().since + rules_.head_timeout);
  if (!requests_.empty())
    earliest = std::min(earliest, requests_.front().since + rules_.head_timeout);
  return earliest;
}

void Http3Connection::on_deadline(Now now) {
  if (has_ended_) return;
  if (now.monotonic >= settings_deadline_) {
    stats_.settings_timeouts.add();
    if (asked_ != nullptr) handler_.on_refused("no_settings");
    return give_up(http3_code::missing_settings, "SETTINGS did not come", now);
  }
  if (now.monotonic >= connect_deadline_) {
    stats_.session_timeouts.add();
    return give_up(http3_code::no_error, "nothing was asked for", now);
  }

  const auto is_late = [&](const auto& row) {
    return now.monotonic >= row.since + rules_.head_timeout;
  };
  while (!headless_.empty() && is_late(headless_.front())) {
    const StreamId stream = headless_.front().stream;
    headless_.erase(headless_.begin());
    stats_.streams_headless.add();
    quic_.stop(stream, http3_code::stream_creation_error);
    inbox_.on_gone(stream, now);
  }
  while (!requests_.empty() && is_late(requests_.front())) {
    const StreamId stream = requests_.front().stream;
    requests_.erase(requests_.begin());
    stats_.requests_refused.add();
    handler_.on_refused("too_slow");
    reject(stream, http3_code::request_incomplete);
  }
  inbox_.on_deadline(now);
  settle(now);
}

void Http3Connection::on_ended(const QuicEnd& end, Now now) {
  has_ended_ = true;
  if (session_ != nullptr) session_->end(close_of(end), now);
}

void Http3Connection::fail(Http3Violation violation, std::string_view sentence, Now now) {
  if (has_ended_) return;
  has_ended_ = true;
  stats_.violation(violation).add();
  quic_.close(code_of(violation), sentence);
  if (session_ != nullptr)
    session_->end({WtClose::Cause::violation, 0, std::string(sentence)}, now);
}

void Http3Connection::give_up(std::uint64_t code, std::string_view reason, Now now) {
  has_ended_ = true;
  quic_.close(code, reason);
  if (session_ != nullptr) session_->end({WtClose::Cause::local, 0, std::string(reason)}, now);
}

void Http3Connection::settle(Now now) {
  if (has_ended_ || session_ == nullptr) return;
  inbox_.settle();
  session_->settle(now);
  if (session_->is_over()) give_up(http3_code::no_error, {}, now);
}

}  // namespace parley
