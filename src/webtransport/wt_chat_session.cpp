#include "webtransport/wt_chat_session.h"

#include <utility>

#include "webtransport/wt_sessions.h"

namespace parley {
namespace {

/// The session's close code (docs/PROTOCOL.md). Below 256: one browser shows no larger ones.
std::uint32_t code_of(EndReason reason) {
  switch (reason) {
    case EndReason::client_closed:
    case EndReason::connection_lost:
    case EndReason::resumed_elsewhere:
    case EndReason::meeting_ended:
      return 0;
    case EndReason::rejected:
      return 1;
    case EndReason::too_slow:
    case EndReason::message_too_slow:
      return 2;
    case EndReason::silent:
      return 3;
    case EndReason::draining:
      return 4;
    case EndReason::protocol_error:
    case EndReason::invalid_text:
    case EndReason::message_too_big:
      return 5;
    case EndReason::internal_error:
      return 6;
  }
  return 6;
}

EndReason reason_of(WtClose::Cause cause) {
  switch (cause) {
    case WtClose::Cause::capsule:
      return EndReason::client_closed;
    case WtClose::Cause::silent:
      return EndReason::silent;
    case WtClose::Cause::violation:
      return EndReason::protocol_error;
    case WtClose::Cause::stream_ended:
    case WtClose::Cause::connection_ended:
    case WtClose::Cause::local:
      break;
  }
  return EndReason::connection_lost;
}

}  // namespace

WtChatSession::WtChatSession(WtSessions& owner, WtSession& session, Identity identity)
    : ChatSession(owner.shard_, owner.chat_, owner.rules_.session, std::move(identity),
                  "webtransport", session.remote_address()),
      owner_(owner),
      session_(session),
      bridge_(session, logic().outbox(), [this](const Packet& packet) {
        shard().stats().count_out(packet);
        count_packets_out(1);
        logic().on_sent(packet.size());
      }) {
  owner_.sessions_.insert(this);
}

WtChatSession::~WtChatSession() {
  is_closed_ = true;
  end(EndReason::connection_lost, {});
  owner_.sessions_.erase(this);
}

void WtChatSession::start(const std::optional<ResumeKey>& resume, Now now) {
  start_logic(resume, now);
}

void WtChatSession::wake() {
  if (is_closed_) return;
  const Outbox& outbox = logic().outbox();
  const bool is_urgent =
      outbox.has_up_to(PacketClass::data) || outbox.has_losses() || outbox.overflowed();
  session_.wake(is_urgent ? Urgency::control : Urgency::video);
}

void WtChatSession::resume_reading() { session_.resume_reading(); }

void WtChatSession::on_message(WtInbound inbound, Now now) {
  if (!is_open()) return;
  count_message_in();
  const bool is_datagram = inbound.source == WtInboundSource::datagram;
  logic().on_message(std::move(inbound.message), now,
                     is_datagram ? Channel::datagram : Channel::stream);
  if (is_open() && !logic().wants_messages()) session_.pause_reading();
}

void WtChatSession::on_sign_of_life(Now now) {
  if (is_open()) logic().on_sign_of_life(now);
}

bool WtChatSession::pull(Urgency than, Now now) {
  if (!is_open() || !bridge_.pull(than, now)) return false;
  set_alarm(now);
  return true;
}

void WtChatSession::on_flushed(bool accepted, bool blocked, Now now) {
  if (!is_open()) return;
  logic().outbox().end_flush();
  logic().on_flushed(accepted, blocked || bridge_.waits_for_streams(), now);
  set_alarm(now);
}

void WtChatSession::on_stream_over(StreamId stream, Now now) {
  bridge_.on_stream_over(stream);
  set_alarm(now);
}

void WtChatSession::on_ending(EndReason reason, std::string_view text, Now now) {
  if (is_closed_) return;
  bridge_.send_last_words(now);
  session_.close(code_of(reason), text);
}

void WtChatSession::on_closed(const WtClose& close, Now) {
  is_closed_ = true;
  end(reason_of(close.cause), {});
  cancel_alarm();
}

TimePoint WtChatSession::alarm_time(Now) const { return is_open() ? bridge_.deadline() : never; }

void WtChatSession::on_alarm(Now now) {
  if (!is_open()) return;
  bridge_.on_deadline(now);
  if (logic().outbox().has_losses()) wake();
}

}  // namespace parley
