#include "webtransport/wt_inbox.h"

#include <algorithm>
#include <utility>

namespace parley {

WtInbox::WtInbox(QuicConnection& quic, const Http3Rules& rules, PartialBudget& partial,
                 WtStats& stats)
    : quic_(quic), rules_(rules), stats_(stats), loan_(quic, partial), order_(rules.frame_order) {}

void WtInbox::open(std::uint64_t session, WtSessionEvents& events, Now now) {
  state_ = State::open;
  session_ = session;
  events_ = &events;
  unfinished_bytes_ = 0;
  for (Incoming& early : std::exchange(incoming_, {})) adopt(std::move(early), now);
  for (EarlyDatagram& early : std::exchange(early_datagrams_, {})) {
    if (early.session == session_)
      on_open_datagram(std::move(early.message), now);
    else
      stats_.datagrams_homeless.add();
  }
}

void WtInbox::adopt(Incoming early, Now now) {
  if (state_ != State::open || early.session != session_) {
    abandon(early, wt_code::buffered_stream_rejected);
    stats_.streams_early_rejected.add();
    order_.on_gone(early.stream, now.monotonic);
    return;
  }
  if (early.is_whole) {
    finish(std::move(early), now);
    return;
  }
  early.owed = early.bytes;
  unfinished_bytes_ += early.bytes;
  show_kind(early);
  order_.on_bytes(early.stream, early.kind, now.monotonic);
  incoming_.push_back(std::move(early));
}

void WtInbox::reject(std::uint64_t session) {
  std::erase_if(incoming_, [&](const Incoming& one) {
    if (one.session != session) return false;
    abandon(one, wt_code::buffered_stream_rejected);
    stats_.streams_early_rejected.add();
    unfinished_bytes_ -= one.bytes;
    return true;
  });
  const auto gone = std::erase_if(early_datagrams_,
                                  [&](const EarlyDatagram& one) { return one.session == session; });
  stats_.datagrams_homeless.add(gone);
}

void WtInbox::close() {
  state_ = State::after;
  events_ = nullptr;
  for (const Incoming& one : incoming_) abandon(one, wt_code::session_gone);
  for (const Held& frame : held_) quic_.give_back(frame.waiting.bytes);
  while (!waiting_.empty()) quic_.give_back(waiting_.pop_front().bytes);
  incoming_.clear();
  held_.clear();
  early_datagrams_.clear();
  unfinished_bytes_ = 0;
  waiting_bytes_ = 0;
  settle();
}

void WtInbox::begin(StreamId stream, std::uint64_t session, std::size_t head_bytes, Bytes payload,
                    bool is_last, Now now) {
  Incoming one{.stream = stream, .session = session, .bytes = head_bytes, .since = now.monotonic};
  if (!may_begin(session)) {
    quic_.give_back(head_bytes + payload.size());
    if (!is_last)
      quic_.stop(stream, state_ == State::after ? wt_code::session_gone
                                                : wt_code::buffered_stream_rejected);
    on_gone(stream, now);
    return;
  }
  one.owed = head_bytes;
  unfinished_bytes_ += head_bytes;
  const auto place = incoming_.insert(
      std::ranges::lower_bound(incoming_, stream, {}, &Incoming::stream), std::move(one));
  take(place, payload, is_last, now);
}

bool WtInbox::may_begin(std::uint64_t session) {
  if (state_ == State::open && session == session_) return true;
  if (state_ == State::after) {
    stats_.streams_late.add();
    return false;
  }
  if (state_ == State::before && incoming_.size() < rules_.early_streams_max) return true;
  stats_.streams_early_rejected.add();
  return false;
}

bool WtInbox::has(StreamId stream) const {
  const auto place = std::ranges::lower_bound(incoming_, stream, {}, &Incoming::stream);
  return place != incoming_.end() && place->stream == stream && !place->is_whole;
}

std::vector<WtInbox::Incoming>::iterator WtInbox::find(StreamId stream) {
  const auto place = std::ranges::lower_bound(incoming_, stream, {}, &Incoming::stream);
  return place != incoming_.end() && place->stream == stream ? place : incoming_.end();
}

void WtInbox::on_data(StreamId stream, Bytes bytes, bool is_last, Now now) {
  take(find(stream), bytes, is_last, now);
}

void WtInbox::take(std::vector<Incoming>::iterator place, Bytes bytes, bool is_last, Now now) {
  Incoming& one = *place;
  one.bytes += bytes.size();
  unfinished_bytes_ += bytes.size();
  if (one.message.size() + bytes.size() > rules_.message_bytes_max) {
    stats_.messages_too_large.add();
    stop_unfinished(place, http3_code_of(StreamRefusal::too_large), now);
    release_held(now);
    return;
  }
  one.message.append(bytes, is_last, rules_.message_bytes_max);

  if (state_ == State::before) {
    one.is_whole = is_last;
  } else if (is_last) {
    Incoming whole = std::move(one);
    incoming_.erase(place);
    unfinished_bytes_ -= whole.bytes;
    finish(std::move(whole), now);
  } else {
    one.owed += bytes.size();
    show_kind(one);
    order_.on_bytes(one.stream, one.kind, now.monotonic);
    bound_unfinished(now);
    release_held(now);
  }
}

void WtInbox::settle() {
  // What comes before its session has the connection's own window: who may not join borrows
  // nothing.
  loan_.update(state_ == State::open ? unfinished_bytes_ : 0);
  if (state_ == State::open) let_grow();
}

void WtInbox::let_grow() {
  const bool some_are_long = unfinished_bytes_ > WindowLoan::own_bytes;
  bool is_taken = false;  // the place of the one long packet that grows
  for (Incoming& one : incoming_) {
    const bool is_long = some_are_long && one.bytes > unasked_bytes_max;
    if (is_long && std::exchange(is_taken, true)) continue;
    if (one.owed > 0) quic_.give_back_to_stream(one.stream, std::exchange(one.owed, 0));
  }
}

void WtInbox::show_kind(Incoming& one) {
  // Everybody's packets show it at once. Nobody else's are looked at again and again.
  constexpr std::size_t beginning_max = 1024;
  if (one.kind != FrameKind::unknown) return;
  const Bytes written = one.message.written();
  one.kind = peek_frame_kind(written.first(std::min(written.size(), beginning_max)));
  if (one.kind == FrameKind::unknown && written.size() >= beginning_max)
    one.kind = FrameKind::other;
}

void WtInbox::finish(Incoming incoming, Now now) {
  const StreamId stream = incoming.stream;
  if (is_full_for(incoming.message.size())) {
    stats_.messages_overflowed.add();
    quic_.give_back(incoming.bytes);
    order_.on_gone(stream, now.monotonic);
    release_held(now);
    return;
  }

  stats_.streams_in.add();
  // Judging a packet costs a walk over its fields; mostly there is nothing to wait for.
  const FrameKind kind =
      order_.matters(stream) ? frame_kind_of(incoming.message.written()) : FrameKind::other;
  Waiting waiting{.inbound = {incoming.message.take(), WtInboundSource::uni_stream},
                  .bytes = incoming.bytes};
  const FrameOrder::Verdict verdict = order_.on_finished(stream, kind, now.monotonic);
  if (verdict == FrameOrder::Verdict::held) {
    waiting_bytes_ += waiting.inbound.message.size();
    held_.push_back({stream, std::move(waiting)});
  } else {
    tell(std::move(waiting), now);
  }
  release_held(now);
  if (verdict == FrameOrder::Verdict::late) stats_.frames_overtaken.add();
  if (!held_.empty() && held_.back().stream == stream) stats_.frames_held.add();
}

void WtInbox::stop_unfinished(std::vector<Incoming>::iterator place, std::uint64_t code, Now now) {
  const StreamId stream = place->stream;
  abandon(*place, code);
  unfinished_bytes_ -= place->bytes;
  incoming_.erase(place);
  order_.on_gone(stream, now.monotonic);
}

void WtInbox::abandon(const Incoming& one, std::uint64_t code) {
  quic_.give_back(one.bytes);
  if (!one.is_whole) quic_.stop(one.stream, code);
}

void WtInbox::bound_unfinished(Now now) {
  while (unfinished_bytes_ > rules_.unfinished_bytes_max && incoming_.size() > 1) {
    stats_.streams_overloaded.add();
    stop_unfinished(incoming_.end() - 1, http3_code_of(StreamRefusal::overload), now);
  }
}

void WtInbox::stop_longest(Now now) {
  const auto longest = std::ranges::max_element(incoming_, {}, &Incoming::bytes);
  if (longest == incoming_.end()) return;
  stats_.streams_overloaded.add();
  stop_unfinished(longest, http3_code_of(StreamRefusal::overload), now);
  release_held(now);
}

void WtInbox::on_gone(StreamId stream, Now now) {
  if (const auto place = find(stream); place != incoming_.end()) {
    // The end of a stream that is whole is no loss.
    if (place->is_whole) return;
    stats_.streams_reset.add();
    quic_.give_back(place->bytes);
    unfinished_bytes_ -= place->bytes;
    incoming_.erase(place);
  }
  order_.on_gone(stream, now.monotonic);
  release_held(now);
}

void WtInbox::on_datagram(std::uint64_t session, Bytes payload, Now now) {
  const bool is_kept =
      state_ == State::open
          ? session == session_
          : state_ == State::before && early_datagrams_.size() < rules_.early_datagrams_max;
  if (!is_kept) {
    stats_.datagrams_homeless.add();
    return;
  }
  if (payload.empty()) return;
  GatheredMessage message;
  message.append(payload, true, rules_.message_bytes_max);
  if (state_ == State::open)
    on_open_datagram(std::move(message), now);
  else
    early_datagrams_.push_back({session, std::move(message), now.monotonic});
}

void WtInbox::on_open_datagram(GatheredMessage message, Now now) {
  stats_.datagrams_in.add();
  if (state_ == State::open && as_text(message.written()) == "ping") {
    stats_.signs_of_life.add();
    events_->on_sign_of_life(now);
  } else if (is_full_for(message.size())) {
    stats_.messages_overflowed.add();
  } else {
    tell({.inbound = {message.take(), WtInboundSource::datagram}}, now);
  }
}

bool WtInbox::is_full_for(std::size_t bytes) const {
  const std::size_t count = held_.size() + waiting_.size();
  return count >= rules_.waiting_max ||
         (count > 0 && waiting_bytes_ + bytes > rules_.waiting_bytes_max);
}

void WtInbox::release_held(Now now) {
  while (const auto stream = order_.next()) {
    const auto place = std::ranges::find(held_, *stream, &Held::stream);
    if (place == held_.end()) continue;  // dropped, since the session has ended
    Waiting waiting = std::move(place->waiting);
    held_.erase(place);
    waiting_bytes_ -= waiting.inbound.message.size();
    tell(std::move(waiting), now);
  }
}

void WtInbox::tell(Waiting waiting, Now now) {
  if (state_ == State::open && (is_paused_ || !waiting_.empty())) {
    waiting_bytes_ += waiting.inbound.message.size();
    waiting_.push_back(std::move(waiting));
    return;
  }
  quic_.give_back(waiting.bytes);
  if (state_ == State::open) events_->on_message(std::move(waiting.inbound), now);
}

void WtInbox::deliver(Now now) {
  while (state_ == State::open && !is_paused_ && !waiting_.empty()) {
    Waiting waiting = waiting_.pop_front();
    waiting_bytes_ -= waiting.inbound.message.size();
    quic_.give_back(waiting.bytes);
    events_->on_message(std::move(waiting.inbound), now);
  }
}

void WtInbox::deliver_rest(Now now) {
  order_.release_all();
  release_held(now);
  deliver(now);
}

TimePoint WtInbox::deadline() const {
  if (state_ != State::before) return std::min(order_.deadline(), loan_.deadline());
  TimePoint earliest = never;
  for (const Incoming& one : incoming_)
    earliest = std::min(earliest, one.since + rules_.early_timeout);
  if (!early_datagrams_.empty())
    earliest = std::min(earliest, early_datagrams_.front().since + rules_.early_timeout);
  return earliest;
}

void WtInbox::on_deadline(Now now) {
  if (state_ != State::before) {
    order_.on_deadline(now.monotonic);
    release_held(now);
    if (loan_.is_overdue(now)) stop_longest(now);
    return;
  }
  const auto is_stale = [&](const auto& one) {
    return now.monotonic >= one.since + rules_.early_timeout;
  };
  std::erase_if(incoming_, [&](const Incoming& one) {
    if (!is_stale(one)) return false;
    abandon(one, wt_code::buffered_stream_rejected);
    stats_.streams_early_rejected.add();
    unfinished_bytes_ -= one.bytes;
    return true;
  });
  stats_.datagrams_homeless.add(std::erase_if(early_datagrams_, is_stale));
}

}  // namespace parley
