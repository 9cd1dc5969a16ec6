#include "actor/shard.h"

#include <algorithm>
#include <boost/asio/post.hpp>

namespace parley {
namespace {

/// A turn takes in no more than this long before it flushes: what came first must not wait for
/// what keeps coming.
constexpr Duration turn_max = 1ms;
/// One read takes at most this much from a session.
constexpr std::size_t read_space_bytes = 64 * 1024;
constexpr std::size_t discard_space_bytes = 16 * 1024;

}  // namespace

Shard::Shard(std::size_t index)
    : index_(index),
      io_(1),
      work_(io_.get_executor()),
      timer_(io_),
      // An empty handler: run() only has to wake; the turn runs what has been posted.
      mailbox_([this] { boost::asio::post(io_, [] {}); }),
      read_space_(read_space_bytes),
      discard_space_(discard_space_bytes) {}

Shard::~Shard() = default;

void Shard::run() {
  while (!stopping_.load(std::memory_order_acquire)) turn();
  end_turn();
}

void Shard::stop() {
  stopping_.store(true, std::memory_order_release);
  boost::asio::post(io_, [] {});
}

void Shard::turn() {
  io_.run_one();
  const TimePoint begun = now().monotonic;
  while (monotonic_now() - begun < turn_max && io_.poll_one() > 0) {
  }
  end_turn();
  const TimePoint ended = monotonic_now();
  stats_.loop_lag.observe(ended - begun);
  busy_.add(begun, ended);
  now_is_read_ = false;
}

void Shard::end_turn() {
  run_posted();
  run_deadlines();
  // Flushing may queue more (a congestion notice): walked by index until nothing is left.
  for (std::size_t i = 0; i < to_flush_.size(); ++i)
    if (to_flush_[i] != nullptr) to_flush_[i]->flush(now());
  to_flush_.clear();
  ended_.clear();
  arm_timer();
}

void Shard::forget(Flushable& flushable) {
  std::ranges::replace(to_flush_, &flushable, static_cast<Flushable*>(nullptr));
}

void Shard::read_clock() {
  now_ = {monotonic_now(), unix_now()};
  now_is_read_ = true;
}

void Shard::run_deadlines() {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now().monotonic) {
    Alarm& alarm = *deadlines_.begin()->second;
    if (alarm.is_put_off()) {
      alarm.find_place();
      continue;
    }
    alarm.cancel();
    alarm.timed_.on_deadline(now());
  }
  if (driven_deadline_() <= now().monotonic) run_driven_(now());
}

void Shard::arm_timer() {
  // Nobody is woken for an alarm that was put off.
  while (!deadlines_.empty() && deadlines_.begin()->second->is_put_off())
    deadlines_.begin()->second->find_place();
  TimePoint next = driven_deadline_();
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (next >= timer_armed_for_) return;
  timer_armed_for_ = next;
  timer_.expires_at(timer_armed_for_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) timer_armed_for_ = never;
  });
}

void Shard::Alarm::set(TimePoint when) {
  if (when == never) return cancel();
  when_ = when;
  // Most alarms are put off many times before they ring: when they come first is early enough to
  // find their place.
  if (set_ && place_->first <= when) return;
  find_place();
}

void Shard::Alarm::find_place() {
  cancel();
  place_ = shard_.deadlines_.emplace(when_, this);
  set_ = true;
}

void Shard::Alarm::cancel() {
  if (!std::exchange(set_, false)) return;
  shard_.deadlines_.erase(place_);
}

}  // namespace parley
