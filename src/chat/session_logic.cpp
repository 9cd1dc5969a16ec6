#include "chat/session_logic.h"

#include <algorithm>
#include <utility>

#include "wire/envelope.h"
#include "wire/notices.h"

namespace parley {

SessionLogic::SessionLogic(Identity identity, ChatServer& server, ShardStats& stats,
                           SessionTransport& transport, const SessionSettings& settings)
    : identity_(std::move(identity)),
      server_(server),
      stats_(stats),
      transport_(transport),
      settings_(settings),
      outbox_(settings.outbox, stats),
      tracker_(settings.watchers.connections, identity_, settings.watchers.protocol) {}

void SessionLogic::start(const std::optional<ResumeKey>& resume, Now now) {
  last_heard_ = now.monotonic;
  if (identity_.user_id == system_user_id) {
    reject(reserved_user_id, now);
    return;
  }
  membership_ = server_.join(identity_, resume, *this, now);
}

void SessionLogic::stop(Now now) {
  ended_ = true;
  pending_.clear();
  membership_.leave(now);
  tracker_.connection_ended(now);
}

void SessionLogic::on_message(BufferBuilder message, Now now, Channel channel) {
  last_heard_ = now.monotonic;
  if (ended_) return;
  const Bytes wrapper = Bytes(message.written()).subspan(packet_headroom);
  Verdict verdict = judge(wrapper);
  if (verdict.action == Action::echo) verdict.facts.channel = channel;
  const auto packet_class = static_cast<std::size_t>(verdict.facts.packet_class);
  stats_.packets_in[packet_class].add();
  stats_.bytes_in[packet_class].add(wrapper.size());
  tracker_.packet_received(wrapper.size());
  if (verdict.action == Action::echo && welcome_) {
    echo(std::move(message), verdict.facts, now);
    return;
  }
  if (standing_ == Standing::active) {
    act_on(std::move(message), verdict, now);
    return;
  }
  pending_.push_back({std::move(message), verdict});
  if (welcome_ && !std::exchange(activating_, true)) membership_.activate(now);
}

void SessionLogic::act_on(BufferBuilder message, const Verdict& verdict, Now now) {
  switch (verdict.action) {
    case Action::drop_malformed:
      stats_.discard(DiscardReason::malformed).add();
      return;
    case Action::drop_forged:
      stats_.discard(DiscardReason::forged).add();
      return;
    case Action::report_health:
      report_health(verdict, now);
      return;
    case Action::echo:
      return;  // answered before
    case Action::request_keyframe:
    case Action::relay:
      break;
  }
  if (identity_.role == Role::observer) {
    stats_.discard(DiscardReason::observer).add();
    return;
  }
  if (verdict.action == Action::request_keyframe)
    request_keyframe(std::move(message), verdict, now);
  else
    relay(std::move(message), verdict.facts, now);
}

void SessionLogic::echo(BufferBuilder message, PacketFacts facts, Now now) {
  stats_.rtt_echoes.add();
  facts.sender = id_;
  deliver(Packet::seal(std::move(message), facts), now.monotonic);
}

void SessionLogic::request_keyframe(BufferBuilder message, const Verdict& verdict, Now now) {
  if (!keyframes_.allow(now.monotonic)) {
    stats_.discard(DiscardReason::keyframe_limit).add();
    return;
  }
  const std::string user_id(as_text(verdict.keyframe_of));
  membership_.request_keyframe(stamp(std::move(message), verdict.facts), user_id, now);
}

void SessionLogic::report_health(const Verdict& verdict, Now now) {
  stats_.health_packets.add();
  if (settings_.watchers.health == nullptr) return;
  const HealthReporter reporter{id_, identity_.user_id, identity_.room.value,
                                settings_.watchers.protocol};
  settings_.watchers.health->process(verdict.inner, reporter, health_, now.monotonic);
}

void SessionLogic::relay(BufferBuilder message, PacketFacts facts, Now now) {
  if (facts.packet_class == PacketClass::video) note_keyframe(facts);
  if (!membership_.publish(stamp(std::move(message), facts), now)) paused_ = true;
}

Packet SessionLogic::stamp(BufferBuilder message, PacketFacts facts) {
  stamp_sender(message, id_);
  facts.sender = id_;
  return Packet::seal(std::move(message), facts);
}

void SessionLogic::note_keyframe(PacketFacts& facts) {
  if (facts.media != MediaType::video && facts.media != MediaType::screen) return;
  bool& seen = facts.media == MediaType::video ? video_keyframe_seen_ : screen_keyframe_seen_;
  seen = seen || facts.is_keyframe;
  facts.keyframes_seen = seen;
}

void SessionLogic::on_flushed(bool accepted, bool blocked, Now now) {
  if (!blocked)
    blocked_since_ = never;
  else if (accepted || blocked_since_ == never)
    blocked_since_ = now.monotonic;
  if (outbox_.has_losses()) report_losses(now);
  if (outbox_.overflowed()) end(EndReason::too_slow, "too slow");
}

void SessionLogic::report_losses(Now now) {
  if (congestion_ == nullptr) congestion_ = std::make_unique<CongestionTracker>();
  for (const SessionId sender : outbox_.take_losses()) {
    if (sender == id_ || !congestion_->on_drop(sender, now.monotonic)) continue;
    stats_.congestion_sent.add();
    membership_.tell_congestion(sender, congestion(sender, identity_.user_id), now);
  }
}

TimePoint SessionLogic::deadline() const {
  if (ended_) return never;
  const TimePoint stalled =
      blocked_since_ == never ? never : blocked_since_ + settings_.stall_timeout;
  return std::min(last_heard_ + settings_.idle_timeout, stalled);
}

void SessionLogic::on_deadline(Now now) {
  if (ended_ || now.monotonic < deadline()) return;
  if (now.monotonic >= last_heard_ + settings_.idle_timeout)
    end(EndReason::silent, "nothing received");
  else
    end(EndReason::too_slow, "too slow");
}

Delivery SessionLogic::deliver(const Packet& packet, TimePoint now) {
  // A transport that lets video wait must hear of what will not.
  const bool is_foremost = !outbox_.has_up_to(packet.facts().packet_class);
  const Delivery delivery = outbox_.push(packet, now);
  if (is_foremost || outbox_.has_losses() || outbox_.overflowed()) transport_.wake();
  return delivery;
}

void SessionLogic::on_welcome(const Welcome& welcome, Now now) {
  if (welcome_) tracker_.connection_ended(now);  // that it waited for another session
  activating_ = false;
  id_ = welcome.session;
  welcome_ = true;
  standing_ = welcome.standing;
  tracker_.connection_started(id_, standing_ != Standing::testing, now);
  deliver(session_assigned(id_), now.monotonic);
  deliver(meeting_started(identity_.room, welcome.start, welcome.creator), now.monotonic);
  for (const Packet& joined : welcome.roster) deliver(joined, now.monotonic);
  answer_probes(now);
  if (standing_ == Standing::active) {
    on_standing(Standing::active, now);
  } else if (!pending_.empty() && !std::exchange(activating_, true)) {
    // Packets came before the room's answer did. The membership exists: only another shard
    // answers that late.
    membership_.activate(now);
  }
}

void SessionLogic::answer_probes(Now now) {
  std::vector<Pending> others;
  for (Pending& waiting : pending_) {
    if (waiting.verdict.action == Action::echo)
      echo(std::move(waiting.message), waiting.verdict.facts, now);
    else
      others.push_back(std::move(waiting));
  }
  const bool only_probes = others.empty() && !pending_.empty();
  pending_ = std::move(others);
  if (only_probes) transport_.resume_reading();
}

void SessionLogic::on_standing(Standing standing, Now now) {
  standing_ = standing;
  activating_ = false;
  if (standing_ != Standing::active || pending_.empty()) {
    if (!pending_.empty() && !std::exchange(activating_, true)) membership_.activate(now);
    return;
  }
  auto pending = std::exchange(pending_, {});
  for (Pending& waiting : pending) act_on(std::move(waiting.message), waiting.verdict, now);
  if (wants_messages()) transport_.resume_reading();
}

void SessionLogic::on_go_on() {
  paused_ = false;
  if (wants_messages()) transport_.resume_reading();
}

void SessionLogic::on_removed(EndReason reason, std::string_view text, Now now) {
  if (reason == EndReason::rejected)
    reject(text, now);
  else
    end(reason, text);
}

void SessionLogic::reject(std::string_view why, Now now) {
  deliver(meeting_ended(identity_.room, "Session rejected: " + std::string(why)), now.monotonic);
  end(EndReason::rejected, "Session rejected");
}

void SessionLogic::end(EndReason reason, std::string_view text) {
  if (std::exchange(ended_, true)) return;
  pending_.clear();
  transport_.end(reason, text);
}

}  // namespace parley
