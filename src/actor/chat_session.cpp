#include "actor/chat_session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"

namespace parley {

ChatSession::ChatSession(Shard& shard, ChatServer& chat, const SessionSettings& settings,
                         Identity identity, std::string_view transport, std::string remote_address)
    : shard_(shard),
      transport_(transport),
      remote_address_(std::move(remote_address)),
      alarm_(shard, *this),
      logic_(std::move(identity), chat, shard.stats(), *this, settings) {
  shard_.stats().sessions.add();
  shard_.stats().sessions_started.add();
}

ChatSession::~ChatSession() { check(!is_open_, "a session is destroyed before it has ended"); }

void ChatSession::start_logic(const std::optional<ResumeKey>& resume, Now now) {
  started_at_ = now.monotonic;
  logic_.start(resume, now);
  set_alarm(now);
}

void ChatSession::end(EndReason reason, std::string_view text) {
  if (!std::exchange(is_open_, false)) return;
  const Now now = shard_.now();
  ShardStats& stats = shard_.stats();
  stats.sessions.subtract();
  stats.ended(reason).add();
  logic_.stop(now);
  log_end(reason, now);
  on_ending(reason, text, now);
  set_alarm(now);
}

void ChatSession::on_deadline(Now now) {
  on_alarm(now);
  if (is_open_) logic_.on_deadline(now);
  set_alarm(now);
}

void ChatSession::set_alarm(Now now) {
  alarm_.set(is_open_ ? std::min(logic_.deadline(), alarm_time(now)) : alarm_time(now));
}

void ChatSession::log_end(EndReason reason, Now now) const {
  const auto lived = std::chrono::duration_cast<Millis>(now.monotonic - started_at_);
  log_info("session ended", {{"transport", transport_},
                             {"reason", name_of(reason)},
                             {"room", logic_.identity().room.value},
                             {"user", logic_.identity().user_id},
                             {"session", logic_.id().value},
                             {"address", remote_address_},
                             {"seconds", static_cast<double>(lived.count()) / 1000.0},
                             {"messages_in", messages_in_},
                             {"packets_out", packets_out_}});
}

}  // namespace parley
