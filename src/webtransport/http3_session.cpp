#include "webtransport/http3_session.h"

#include <algorithm>
#include <utility>

#include "webtransport/error_code.h"

namespace parley {
namespace {

constexpr std::uint64_t wt_uni_stream_type = 0x54;

Buffer buffer_of(const std::vector<std::uint8_t>& bytes) { return Buffer::copy_of(bytes); }

}  // namespace

Http3Session::Http3Session(QuicConnection& quic, WtInbox& inbox, const Http3Rules& rules,
                           WtStats& stats, StreamId connect_stream)
    : quic_(quic), inbox_(inbox), rules_(rules), stats_(stats), connect_(connect_stream) {
  const auto id = static_cast<std::uint64_t>(connect_);
  std::size_t size = write_varint(stream_head_.data(), wt_uni_stream_type);
  size += write_varint(stream_head_.data() + size, id);
  stream_head_bytes_ = static_cast<std::uint8_t>(size);
  datagram_head_bytes_ = static_cast<std::uint8_t>(write_varint(datagram_head_.data(), id / 4));
}

Http3Session::~Http3Session() {
  if (events_ != nullptr) stats_.sessions.subtract();
}

void Http3Session::open(std::unique_ptr<WtSessionEvents> events, Now now) {
  events_ = std::move(events);
  opened_at_ = now.monotonic;
  stats_.sessions.add();
  // It may have been closed by those who were asked for it.
  if (state_ == State::asked) {
    state_ = State::open;
    inbox_.open(static_cast<std::uint64_t>(connect_), *events_, now);
  }
  quic_.wake(Urgency::control);
}

// --- What the client says on the CONNECT stream.

std::optional<Http3FrameEvent> Http3Session::on_connect_data(Bytes bytes, bool is_last, Now now) {
  while (!connect_in_ended_) {
    const Http3FrameEvent event = frames_.next(bytes);
    if (event.kind == Http3FrameEventKind::need_more) break;
    if (event.kind == Http3FrameEventKind::violation) return event;
    if (event.kind == Http3FrameEventKind::data) on_capsules(event.payload, now);
  }
  if (!is_last || connect_in_ended_) return std::nullopt;

  connect_in_ended_ = true;
  if (!frames_.is_between_frames())
    return Http3FrameEvent{.kind = Http3FrameEventKind::violation,
                           .violation = Http3Violation::frame_error,
                           .sentence = "the CONNECT stream ends within a frame"};
  if (!capsules_.is_between_capsules())
    fail_stream("the CONNECT stream ends within a capsule");
  else
    on_client_end(WtClose::Cause::stream_ended, 0, {}, now);
  return std::nullopt;
}

void Http3Session::on_capsules(Bytes payload, Now now) {
  while (!connect_in_ended_) {
    CapsuleEvent event = capsules_.next(payload);
    switch (event.kind) {
      case CapsuleEventKind::need_more:
        return;
      case CapsuleEventKind::close:
        on_client_end(WtClose::Cause::capsule, event.code, std::move(event.reason), now);
        break;
      case CapsuleEventKind::drain:
        break;  // it will end when it likes; what we send does not depend on it
      case CapsuleEventKind::violation:
        fail_stream(event.sentence);
        break;
    }
  }
}

void Http3Session::on_client_end(WtClose::Cause cause, std::uint32_t code, std::string reason,
                                 Now now) {
  if (state_ == State::farewell || state_ == State::over) return;
  if (state_ == State::ending) {
    // It was about to be told the same.
    say_farewell();
    return;
  }
  if (state_ == State::open) inbox_.deliver_rest(now);
  if (close_) return;  // whoever was told of the rest has closed the session
  close_ = WtClose{cause, code, std::move(reason)};
  inbox_.close();
  reset_out_streams(true);
  if (!connect_closed_) quic_.write(connect_, {}, true);
  state_ = State::farewell;
}

void Http3Session::fail_stream(std::string_view sentence) {
  stats_.violation(Http3Violation::message).add();
  connect_in_ended_ = true;
  if (!close_) close_ = WtClose{WtClose::Cause::violation, 0, std::string(sentence)};
  inbox_.close();
  reset_out_streams(true);
  quic_.stop(connect_, http3_code::message_error);
  quic_.reset(connect_, http3_code::message_error, 0);
  state_ = State::farewell;
}

void Http3Session::on_connect_reset(Now now) {
  connect_in_ended_ = true;
  on_client_end(WtClose::Cause::stream_ended, 0, {}, now);
}

void Http3Session::on_connect_closed(Now now) {
  connect_in_ended_ = true;
  connect_closed_ = true;
  on_client_end(WtClose::Cause::stream_ended, 0, {}, now);
}

// --- What the session sends.

void Http3Session::on_out_stream_closed(StreamId stream, Now now) {
  if (!out_.remove(stream)) return;
  if (state_ == State::open && events_ != nullptr) events_->on_stream_over(stream, now);
  if (state_ == State::ending && !out_.has_control())
    until_ = std::min(until_, now.monotonic + rules_.reading_time);
}

bool Http3Session::pull(Urgency than, Now now) {
  if (state_ != State::open) return false;
  // Browsers lose datagrams that overtake the 200.
  if (!datagrams_may_go_) datagrams_may_go_ = now.monotonic - opened_at_ > quic_.rtt();
  return events_->pull(than, now);
}

void Http3Session::on_flushed(bool accepted, bool blocked, Now now) {
  if (state_ != State::open) return;
  inbox_.deliver(now);
  if (state_ == State::open) events_->on_flushed(accepted, blocked, now);
}

std::optional<StreamId> Http3Session::send(Packet packet, Urgency urgency) {
  if (state_ != State::open && state_ != State::asked) return std::nullopt;
  const auto stream = quic_.open_uni(urgency);
  if (!stream) {
    stats_.stream_credit_missing.add();
    return std::nullopt;
  }
  out_.add(*stream, urgency == Urgency::control);
  quic_.write_packet(*stream, {stream_head_.data(), stream_head_bytes_}, std::move(packet));
  stats_.streams_out.add();
  return stream;
}

std::uint64_t Http3Session::streams_left() const {
  return state_ == State::open || state_ == State::asked ? quic_.uni_streams_left() : 0;
}

bool Http3Session::send_datagram(const Packet& packet) {
  const Bytes head(datagram_head_.data(), datagram_head_bytes_);
  const bool may_go = state_ == State::open && datagrams_may_go_;
  if (!may_go || head.size() + packet.size() > quic_.datagram_bytes_max() ||
      !quic_.send_datagram(head, Buffer::copy_of(packet.wrapper()))) {
    stats_.datagrams_refused.add();
    return false;
  }
  stats_.datagrams_out.add();
  return true;
}

void Http3Session::abandon(StreamId stream) {
  stats_.streams_abandoned.add();
  quic_.reset(stream, http3_code_of(StreamRefusal::stale), stream_head_bytes_);
}

void Http3Session::pause_reading() { inbox_.pause(); }

void Http3Session::resume_reading() {
  inbox_.resume();
  // What waits is told in the flush, which knows the time.
  quic_.wake(Urgency::control);
}

void Http3Session::wake(Urgency urgency) { quic_.wake(urgency); }

std::string Http3Session::remote_address() const { return quic_.remote_address(); }

void Http3Session::drain() {
  if (state_ == State::open) quic_.write(connect_, buffer_of(drain_capsule_frame()), false);
}

// --- The end.

void Http3Session::close(std::uint32_t code, std::string_view reason) {
  if (close_) return;
  close_ = WtClose{WtClose::Cause::local, code, std::string(reason)};
  inbox_.close();
  reset_out_streams(false);
  state_ = State::ending;
  // The flush takes the next step; nobody is told within this call.
  quic_.wake(Urgency::control);
}

void Http3Session::reset_out_streams(bool control_too) {
  out_.each([&](StreamId stream, bool is_control) {
    if (control_too || !is_control) quic_.reset(stream, wt_code::session_gone, stream_head_bytes_);
  });
}

void Http3Session::say_farewell() {
  if (!connect_closed_)
    quic_.write(connect_, buffer_of(close_capsule_frame(close_->code, close_->reason)), true);
  state_ = State::farewell;
  until_ = never;
}

void Http3Session::end(const WtClose& close, Now now) {
  if (!close_) close_ = close;
  inbox_.close();
  state_ = State::over;
  until_ = never;
  tell_closed(now);
}

void Http3Session::settle(Now now) {
  // In both states the time begins with the first thing that happens in them.
  if (state_ == State::ending) {
    const Duration patience = out_.has_control() ? rules_.last_words_timeout : Duration{};
    if (until_ == never) until_ = now.monotonic + patience;
    if (now.monotonic >= until_) say_farewell();
  }
  if (state_ == State::farewell) {
    if (until_ == never) until_ = now.monotonic + rules_.farewell_timeout;
    const bool is_late = now.monotonic >= until_;
    if (is_late && !connect_closed_) stats_.farewell_timeouts.add();
    // Whoever was told of the end hangs up himself: a browser that hears of the connection's end in
    // the same breath takes it for a broken one, and forgets why the session ended.
    const bool was_told = close_->cause == WtClose::Cause::local;
    if (is_late || (connect_closed_ && !was_told)) {
      state_ = State::over;
      until_ = never;
    }
  }
  if (close_) tell_closed(now);
}

void Http3Session::tell_closed(Now now) {
  const auto events = std::exchange(events_, nullptr);
  if (events == nullptr) return;
  stats_.sessions.subtract();
  events->on_closed(*close_, now);
}

TimePoint Http3Session::deadline() const { return until_; }

}  // namespace parley
