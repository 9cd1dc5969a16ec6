#include "websocket/ws_chat_session.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "websocket/frame_encoder.h"
#include "websocket/ws_sessions.h"

namespace parley {
namespace {

/// Messages one session may bring in one turn of the loop; the rest waits for the next.
constexpr int messages_per_turn = 64;
/// Pongs are not answered while this much of control frames waits for a client that does not read.
/// The answer to a later ping then stands for the earlier ones (RFC 6455 §5.5.3).
constexpr std::size_t control_bytes_max = 1024;
/// While room for long messages is short, sessions that have none read this much at a time: what
/// was read before it showed that it must wait stays in memory.
constexpr std::size_t read_bytes_when_short = 4096;

std::uint16_t code_of(EndReason reason) {
  switch (reason) {
    case EndReason::client_closed:
    case EndReason::connection_lost:
    case EndReason::resumed_elsewhere:
    case EndReason::meeting_ended:
      return 1000;
    case EndReason::silent:
    case EndReason::draining:
      return 1001;
    case EndReason::protocol_error:
      return 1002;
    case EndReason::invalid_text:
      return 1007;
    case EndReason::too_slow:
    case EndReason::message_too_slow:
    case EndReason::rejected:
      return 1008;
    case EndReason::message_too_big:
      return 1009;
    case EndReason::internal_error:
      return 1011;
  }
  return 1011;
}

/// The first moment of a common grid at or after `when`: what many sessions do then, pings and the
/// pongs that answer them, costs the loop one waking and not one each.
TimePoint next_on_grid(TimePoint when, Duration grid) {
  const Duration past = when.time_since_epoch() % grid;
  return past == Duration::zero() ? when : when + (grid - past);
}

EndReason end_reason_of_violation(std::uint16_t code) {
  if (code == 1009) return EndReason::message_too_big;
  return code == 1007 ? EndReason::invalid_text : EndReason::protocol_error;
}

}  // namespace

WsChatSession::WsChatSession(WsSessions& owner, UpgradedSocket upgraded, Identity identity,
                             std::string remote_address)
    : ChatSession(owner.shard_, owner.chat_, owner.rules_.session, std::move(identity), "websocket",
                  std::move(remote_address)),
      owner_(owner),
      stream_(std::move(upgraded.stream)),
      ticket_(std::move(upgraded.ticket)),
      decoder_(&owner.limits_),
      room_(owner.partial_, *this),
      writer_(logic().outbox(), shard().stats(), owner.offered_) {
  shard().stats().connections.add();
}

WsChatSession::~WsChatSession() {
  check(state_ == State::ended, "a session is destroyed before its connection has ended");
}

void WsChatSession::start(std::string_view answer, Bytes rest,
                          const std::optional<ResumeKey>& resume) {
  const Now now = shard().now();
  pinged_at_ = now.monotonic;
  if (owner_.rules_.notsent_lowat > 0) stream_.hold_back(owner_.rules_.notsent_lowat);
  writer_.queue_control(as_bytes(answer));
  wake();
  start_logic(resume, now);
  take_in(rest);
  wait_readable();
}

void WsChatSession::abandon() {
  end(EndReason::draining, {});
  finish();
}

void WsChatSession::wake() {
  if (std::exchange(flush_scheduled_, true)) return;
  shard().flush_later(*this);
}

void WsChatSession::on_ending(EndReason reason, std::string_view text, Now now) {
  closing_deadline_ = now.monotonic + owner_.rules_.linger;
  writer_.queue_close(close_frame(code_of(reason), text).bytes());
  unread_.clear();
  decoder_.stop();
  room_.give_back();
  wake();
}

void WsChatSession::resume_reading() {
  if (taking_in_ || !is_open() || room_.waits()) return;
  if (unread_.empty()) {
    wait_readable();
    return;
  }
  boost::asio::post(shard().io(), [self = shared_from_this()] { self->read_unread(); });
}

void WsChatSession::wait_readable() {
  if (waits_readable_ || state_ == State::ended) return;
  const bool holds_on = !unread_.empty() || !logic().wants_messages() || room_.waits();
  if (is_open() && holds_on) return;
  waits_readable_ = true;
  stream_.wait_readable([self = shared_from_this()](const boost::system::error_code&) {
    self->waits_readable_ = false;
    self->on_readable();
  });
}

void WsChatSession::on_readable() {
  if (state_ == State::ended) return;
  if (state_ == State::talking)
    read_some();
  else
    discard_some();
  if (!has_peer_ended_) wait_readable();
}

void WsChatSession::read_some() {
  MutableBytes space = shard().read_space();
  if (owner_.partial_.is_short() && room_.bytes() == 0) space = space.first(read_bytes_when_short);
  const Received received = stream_.read(space);
  if (received.state == Received::State::nothing) return;
  if (received.state != Received::State::data) {
    has_peer_ended_ = true;
    // Our Close waits for the end of this turn, and is to get out first.
    if (is_open()) lose_connection();
    return;
  }
  // What other shards said because of these bytes' causes must be heard before the bytes.
  shard().run_posted();
  take_in(space.first(received.bytes));
}

void WsChatSession::discard_some() {
  if (stream_.discard(shard().discard_space()).state == Received::State::ended) lose_connection();
}

void WsChatSession::read_unread() {
  if (!is_open()) return;
  const auto unread = std::exchange(unread_, {});
  take_in(unread);
  wait_readable();
}

void WsChatSession::take_in(Bytes in) {
  taking_in_ = true;
  for (int events = 0; !in.empty() && is_open(); ++events) {
    // What follows a first packet waits with it for the room's answer, a Close above all.
    bool enough = events == messages_per_turn || !logic().wants_messages();
    if (!enough) {
      FrameEvent event = decoder_.next(in);
      if (event.kind == FrameEventKind::need_more) break;
      if (event.kind == FrameEventKind::needs_room)
        enough = !find_room();
      else
        act_on(std::move(event));
    }
    if (enough) {
      unread_.assign(in.begin(), in.end());
      break;
    }
  }
  taking_in_ = false;
  if (!unread_.empty() && logic().wants_messages()) resume_reading();
}

bool WsChatSession::find_room() {
  room_deadline_ = never;
  if (!room_.ask(decoder_.room_needed())) return false;
  on_room();
  return true;
}

void WsChatSession::on_room() {
  const Now now = shard().now();
  decoder_.give_room();
  logic().on_sign_of_life(now);
  room_deadline_ = now.monotonic + owner_.partial_.time_for(room_.bytes());
  set_alarm(now);
  resume_reading();
}

void WsChatSession::check_pace(Now now) {
  if (now.monotonic < room_deadline_) return;
  room_deadline_ = now.monotonic + owner_.partial_.extra_time();
  if (owner_.partial_.is_short()) end(EndReason::message_too_slow, "a message came too slowly");
}

void WsChatSession::act_on(FrameEvent event) {
  const Now now = shard().now();
  switch (event.kind) {
    case FrameEventKind::binary:
      count_message_in();
      if (room_.bytes() > 0) {
        room_.give_back();
        room_deadline_ = never;
      }
      logic().on_message(std::move(event.message), now);
      return;
    case FrameEventKind::text:
      shard().stats().text_messages_ignored.add();
      logic().on_sign_of_life(now);
      return;
    case FrameEventKind::ping:
      logic().on_sign_of_life(now);
      if (writer_.control_bytes() > control_bytes_max) return;
      writer_.queue_control(pong_frame(event.payload).bytes());
      wake();
      return;
    case FrameEventKind::pong:
      logic().on_sign_of_life(now);
      return;
    case FrameEventKind::close:
      on_peer_closed(event);
      return;
    case FrameEventKind::violation:
      end(end_reason_of_violation(event.code), event.reason);
      return;
    case FrameEventKind::need_more:
    case FrameEventKind::needs_room:
      return;
  }
}

void WsChatSession::on_peer_closed(const FrameEvent& event) {
  end(EndReason::client_closed, {});
  writer_.queue_close(close_frame(event.code, event.reason).bytes());
}

void WsChatSession::flush(Now now) {
  flush_scheduled_ = false;
  if (state_ != State::talking) return;
  if (waits_writable_) {
    if (is_open()) logic().on_flushed(false, true, now);
    return;
  }
  const std::uint64_t bytes = writer_.bytes_written();
  const std::uint64_t packets = writer_.packets_written();
  const std::uint64_t packet_bytes = writer_.packet_bytes_written();
  const WsWriter::Outcome outcome = writer_.write(stream_, now);
  if (outcome == WsWriter::Outcome::failed) {
    lose_connection();
    return;
  }
  count_packets_out(writer_.packets_written() - packets);
  logic().on_sent(writer_.packet_bytes_written() - packet_bytes);
  const bool blocked = outcome == WsWriter::Outcome::blocked;
  const bool was_open = is_open();
  if (was_open) logic().on_flushed(writer_.bytes_written() != bytes, blocked, now);
  if (blocked) {
    wait_writable();
    set_alarm(now);
  } else if (!was_open) {
    after_close_sent();
  }
}

void WsChatSession::wait_writable() {
  if (waits_writable_ || state_ == State::ended) return;
  waits_writable_ = true;
  stream_.wait_writable([self = shared_from_this()](const boost::system::error_code&) {
    self->waits_writable_ = false;
    if (self->state_ != State::ended) self->wake();
  });
}

void WsChatSession::after_close_sent() {
  if (!stream_.finish()) {
    wait_writable();
    return;
  }
  if (has_peer_ended_) {
    finish();
    return;
  }
  // The peer may still be sending: closing with unread bytes would send RST and take our Close with
  // it. Its own end, or the deadline, ends the wait.
  state_ = State::discarding;
}

void WsChatSession::lose_connection() {
  end(EndReason::connection_lost, {});
  finish();
}

void WsChatSession::finish() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  cancel_alarm();
  shard().forget(*this);
  shard().stats().connections.subtract();
  stream_.close();
  ticket_.reset();
  owner_.remove(*this);
}

TimePoint WsChatSession::ping_time(Now now) const {
  const Duration ping_after = owner_.rules_.ping_after;
  const TimePoint quiet_since =
      std::max({logic().last_heard(), pinged_at_, now.monotonic - ping_after});
  return next_on_grid(quiet_since + ping_after, ping_after / 50);
}

TimePoint WsChatSession::alarm_time(Now now) const {
  if (state_ == State::ended) return never;
  return is_open() ? std::min(room_deadline_, ping_time(now)) : closing_deadline_;
}

void WsChatSession::on_alarm(Now now) {
  if (!is_open()) {
    if (now.monotonic >= closing_deadline_) finish();
    return;
  }
  // A client is not silent because we do not read it.
  if (room_.waits() && now.monotonic >= logic().deadline()) logic().on_sign_of_life(now);
  check_pace(now);
  const TimePoint quiet_since = std::max(logic().last_heard(), pinged_at_);
  if (!is_open() || now.monotonic < quiet_since + owner_.rules_.ping_after) return;
  pinged_at_ = now.monotonic;
  writer_.queue_control(ping_frame().bytes());
  wake();
}

}  // namespace parley
