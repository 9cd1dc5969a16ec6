#include "websocket/ws_chat_session.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "websocket/frame_encoder.h"
#include "websocket/ws_sessions.h"

namespace parley {
namespace {

/// Messages one session may bring in one turn of the loop; the rest waits for the next.
constexpr int messages_per_turn = 64;
/// Pongs are not answered while this much of control frames waits for a client that does not read.
/// The answer to a later ping then stands for the earlier ones (RFC 6455 §5.5.3).
constexpr std::size_t control_bytes_max = 1024;

std::uint16_t code_of(EndReason reason) {
  switch (reason) {
    case EndReason::client_closed:
    case EndReason::connection_lost:
    case EndReason::resumed_elsewhere:
      return 1000;
    case EndReason::silent:
    case EndReason::draining:
      return 1001;
    case EndReason::protocol_error:
      return 1002;
    case EndReason::invalid_text:
      return 1007;
    case EndReason::too_slow:
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
    : owner_(owner),
      socket_(std::move(upgraded.socket)),
      ticket_(std::move(upgraded.ticket)),
      alarm_(owner.shard_, *this),
      decoder_(&owner.limits_),
      logic_(std::move(identity), owner.chat_, owner.shard_.stats(), *this, owner.rules_.session),
      writer_(logic_.outbox(), owner.shard_.stats(), owner.offered_),
      remote_address_(std::move(remote_address)) {
  ShardStats& stats = owner_.shard_.stats();
  stats.connections.add();
  stats.sessions.add();
  stats.sessions_started.add();
}

WsChatSession::~WsChatSession() {
  check(state_ == State::ended, "a session is destroyed before it has ended");
}

void WsChatSession::start(std::string_view answer, Bytes rest,
                          const std::optional<ResumeKey>& resume) {
  const Now now = owner_.shard_.now();
  started_at_ = now.monotonic;
  pinged_at_ = now.monotonic;
  if (owner_.rules_.notsent_lowat > 0) {
    const int bytes = static_cast<int>(owner_.rules_.notsent_lowat);
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
  }
  writer_.queue_control(as_bytes(answer));
  wake();
  logic_.start(resume, now);
  set_alarm(now);
  take_in(rest);
  wait_readable();
}

void WsChatSession::abandon() {
  if (state_ == State::open) end(EndReason::draining, {});
  finish();
}

void WsChatSession::wake() {
  if (std::exchange(flush_scheduled_, true)) return;
  owner_.shard_.flush_later(*this);
}

void WsChatSession::end(EndReason reason, std::string_view text) {
  if (state_ != State::open) return;
  const Now now = owner_.shard_.now();
  state_ = State::closing;
  end_reason_ = reason;
  closing_deadline_ = now.monotonic + owner_.rules_.linger;
  writer_.queue_close(close_frame(code_of(reason), text).bytes());
  unread_.clear();
  ShardStats& stats = owner_.shard_.stats();
  stats.sessions.subtract();
  stats.ended(reason).add();
  logic_.stop(now);
  log_end();
  set_alarm(now);
  wake();
}

void WsChatSession::resume_reading() {
  if (taking_in_ || state_ != State::open) return;
  if (unread_.empty()) {
    wait_readable();
    return;
  }
  boost::asio::post(owner_.shard_.io(), [self = shared_from_this()] { self->read_unread(); });
}

void WsChatSession::wait_readable() {
  if (waits_readable_ || state_ == State::ended) return;
  if (state_ == State::open && (!unread_.empty() || !logic_.wants_messages())) return;
  waits_readable_ = true;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->waits_readable_ = false;
                       self->on_readable();
                     });
}

void WsChatSession::on_readable() {
  if (state_ == State::ended) return;
  read_some();
  wait_readable();
}

void WsChatSession::read_some() {
  const MutableBytes space = owner_.shard_.read_space();
  const ssize_t count = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (count <= 0) {
    lose_connection();
    return;
  }
  // What other shards said because of these bytes' causes must be heard before the bytes.
  owner_.shard_.run_posted();
  take_in(space.first(static_cast<std::size_t>(count)));
}

void WsChatSession::read_unread() {
  if (state_ != State::open) return;
  const auto unread = std::exchange(unread_, {});
  take_in(unread);
  wait_readable();
}

void WsChatSession::take_in(Bytes in) {
  taking_in_ = true;
  for (int events = 0; !in.empty() && state_ != State::ended; ++events) {
    // What follows a first packet waits with it for the room's answer, a Close above all.
    const bool enough = events == messages_per_turn || !logic_.wants_messages();
    if (enough && state_ == State::open) {
      unread_.assign(in.begin(), in.end());
      break;
    }
    FrameEvent event = decoder_.next(in);
    if (event.kind == FrameEventKind::need_more) break;
    act_on(std::move(event));
  }
  taking_in_ = false;
  if (!unread_.empty() && logic_.wants_messages()) resume_reading();
}

void WsChatSession::act_on(FrameEvent event) {
  const Now now = owner_.shard_.now();
  const bool open = state_ == State::open;
  switch (event.kind) {
    case FrameEventKind::binary:
      ++messages_in_;
      if (open) logic_.on_message(std::move(event.message), now);
      return;
    case FrameEventKind::text:
      owner_.shard_.stats().text_messages_ignored.add();
      logic_.on_sign_of_life(now);
      return;
    case FrameEventKind::ping:
      logic_.on_sign_of_life(now);
      if (!open || writer_.control_bytes() > control_bytes_max) return;
      writer_.queue_control(pong_frame(event.payload).bytes());
      wake();
      return;
    case FrameEventKind::pong:
      logic_.on_sign_of_life(now);
      return;
    case FrameEventKind::close:
      on_peer_closed(event);
      return;
    case FrameEventKind::violation:
      end(end_reason_of_violation(event.code), event.reason);
      return;
    case FrameEventKind::need_more:
      return;
  }
}

void WsChatSession::on_peer_closed(const FrameEvent& event) {
  if (state_ != State::open) return;  // the answer to ours
  end(EndReason::client_closed, {});
  writer_.queue_close(close_frame(event.code, event.reason).bytes());
}

void WsChatSession::flush(Now now) {
  flush_scheduled_ = false;
  if (state_ == State::discarding || state_ == State::ended) return;
  if (waits_writable_) {
    if (state_ == State::open) logic_.on_flushed(false, true, now);
    return;
  }
  const std::uint64_t before = writer_.bytes_written();
  const WsWriter::Outcome outcome = writer_.write(socket_.native_handle(), now);
  if (outcome == WsWriter::Outcome::failed) {
    lose_connection();
    return;
  }
  const bool blocked = outcome == WsWriter::Outcome::blocked;
  const bool was_open = state_ == State::open;
  if (was_open) logic_.on_flushed(writer_.bytes_written() != before, blocked, now);
  if (blocked) {
    wait_writable();
    set_alarm(now);
  } else if (!was_open) {
    after_close_sent(now);
  }
}

void WsChatSession::wait_writable() {
  if (waits_writable_ || state_ == State::ended) return;
  waits_writable_ = true;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->waits_writable_ = false;
                       if (self->state_ != State::ended) self->wake();
                     });
}

void WsChatSession::after_close_sent(Now now) {
  if (state_ != State::closing) return;
  // The peer may still be sending: closing with unread bytes would send RST and take our Close with
  // it. Its own end, or the deadline, ends the wait.
  state_ = State::discarding;
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  set_alarm(now);
}

void WsChatSession::lose_connection() {
  if (state_ == State::open) end(EndReason::connection_lost, {});
  finish();
}

void WsChatSession::finish() {
  if (state_ == State::ended) return;
  state_ = State::ended;
  alarm_.cancel();
  owner_.shard_.forget(*this);
  owner_.shard_.stats().connections.subtract();
  boost::system::error_code ignored;
  socket_.close(ignored);
  ticket_.reset();
  owner_.remove(*this);
}

void WsChatSession::on_deadline(Now now) {
  if (state_ == State::open) logic_.on_deadline(now);
  if (state_ != State::open) {
    if (now.monotonic >= closing_deadline_) {
      finish();
      return;
    }
    set_alarm(now);
    return;
  }
  const TimePoint quiet_since = std::max(logic_.last_heard(), pinged_at_);
  if (now.monotonic >= quiet_since + owner_.rules_.ping_after) {
    pinged_at_ = now.monotonic;
    writer_.queue_control(ping_frame().bytes());
    wake();
  }
  set_alarm(now);
}

void WsChatSession::set_alarm(Now now) {
  if (state_ == State::ended) return;
  if (state_ != State::open) {
    alarm_.set(closing_deadline_);
    return;
  }
  const Duration ping_after = owner_.rules_.ping_after;
  const TimePoint quiet_since =
      std::max({logic_.last_heard(), pinged_at_, now.monotonic - ping_after});
  alarm_.set(std::min(logic_.deadline(), next_on_grid(quiet_since + ping_after, ping_after / 50)));
}

void WsChatSession::log_end() const {
  const auto lived =
      std::chrono::duration_cast<Millis>(owner_.shard_.now().monotonic - started_at_);
  log_info("session ended", {{"transport", "websocket"},
                             {"reason", name_of(end_reason_)},
                             {"room", logic_.identity().room.value},
                             {"user", logic_.identity().user_id},
                             {"session", logic_.id().value},
                             {"address", remote_address_},
                             {"seconds", static_cast<double>(lived.count()) / 1000.0},
                             {"messages_in", messages_in_},
                             {"packets_out", writer_.packets_written()}});
}

}  // namespace parley
