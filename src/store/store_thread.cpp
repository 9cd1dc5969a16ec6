#include "store/store_thread.h"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"

namespace parley {

StoreThread::StoreThread(std::unique_ptr<SessionStore> store, const StoreThreadRules& rules,
                         StoreThreadCounts& counts)
    : store_(std::move(store)),
      manager_(store_.get()),
      rules_(rules),
      counts_(counts),
      due_(monotonic_now()),
      retry_(rules.retry_first),
      thread_([this] { run(); }) {}

StoreThread::~StoreThread() {
  stop();
  thread_.join();
}

void StoreThread::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}

void StoreThread::start(SessionStart start, StartReply reply) {
  StartRequest request{std::move(start), std::move(reply), monotonic_now()};
  Lock lock(mutex_);
  // While it is down nobody waits: it may stay so for hours.
  if (stopping_ || health_ == Health::down)
    return refuse(request, {.message = "the store is unavailable"}, stats_.refused_down, lock);
  if (counts_.starts_waiting.fetch_add(1) >= rules_.starts_waiting_max) {
    counts_.starts_waiting.fetch_sub(1);
    return refuse(request, {.message = "too many wait for the store already"}, stats_.refused_full,
                  lock);
  }
  queue_.emplace_back(std::move(request));
  stats_.waiting.set(queue_.size());
  wake_.notify_one();
}

void StoreThread::end(SessionEnd end, EndReply reply) {
  EndRequest request{std::move(end), std::move(reply)};
  Lock lock(mutex_);
  if (stopping_) return lose(std::move(request), {.message = "the server stops"}, lock);
  if (counts_.ends_waiting.fetch_add(1) >= rules_.ends_waiting_max) {
    counts_.ends_waiting.fetch_sub(1);
    return lose(std::move(request), {.message = "too many wait for the store already"}, lock);
  }
  queue_.emplace_back(std::move(request));
  stats_.waiting.set(queue_.size());
  wake_.notify_one();
}

void StoreThread::run() {
  pthread_setname_np(pthread_self(), "store");
  Lock lock(mutex_);
  for (;;) {
    wake_.wait_until(lock, due_, [this] {
      return stopping_ || (health_ == Health::up && !queue_.empty()) || monotonic_now() >= due_;
    });
    if (stopping_) return finish(lock);
    if (monotonic_now() >= due_)
      renew(lock);
    else
      serve_next(lock);
  }
}

void StoreThread::finish(Lock& lock) {
  const TimePoint deadline = monotonic_now() + rules_.stop_wait_max;
  while (!queue_.empty()) {
    const bool is_start = std::holds_alternative<StartRequest>(queue_.front());
    const bool is_too_late = health_ != Health::up || monotonic_now() >= deadline;
    if (!is_start && !is_too_late) {
      serve_next(lock);
      continue;
    }
    Request request = take();
    StoreError stops{.message = "the server stops"};
    if (auto* start = std::get_if<StartRequest>(&request))
      refuse(*start, std::move(stops), stats_.refused_down, lock);
    else if (auto* end = std::get_if<EndRequest>(&request))
      lose(std::move(*end), std::move(stops), lock);
    else
      stats_.ends_lost.add();
  }
}

void StoreThread::renew(Lock& lock) {
  lock.unlock();
  const auto renewed = store_->renew(rules_.instance, unix_now());
  lock.lock();
  if (renewed) return went_up();
  stats_.failures.add();
  went_down(renewed.error(), lock);
}

void StoreThread::went_up() {
  due_ = monotonic_now() + rules_.renewal;
  retry_ = rules_.retry_first;
  const Health before = std::exchange(health_, Health::up);
  stats_.is_up.set(1);
  if (before == Health::down && counts_.threads_down.fetch_sub(1) == 1)
    log_info("the session store answers again", {{"store", rules_.name}});
}

void StoreThread::went_down(const StoreError& error, Lock& lock) {
  due_ = monotonic_now() + retry_;
  retry_ = std::min(2 * retry_, rules_.retry_last);
  const Health before = std::exchange(health_, Health::down);
  stats_.is_up.set(0);
  if (before != Health::down && counts_.threads_down.fetch_add(1) == 0)
    log_warning("the session store is unavailable: nobody new is let in until it answers",
                {{"store", rules_.name}, {"reason", error.message}});

  // Whoever waits to come in is told at once.
  std::vector<StartRequest> starts;
  std::deque<Request> others;
  for (Request& request : queue_) {
    if (auto* start = std::get_if<StartRequest>(&request))
      starts.push_back(std::move(*start));
    else
      others.push_back(std::move(request));
  }
  queue_ = std::move(others);
  counts_.starts_waiting.fetch_sub(starts.size());
  stats_.waiting.set(queue_.size());
  for (const StartRequest& start : starts) refuse(start, error, stats_.refused_down, lock);
}

void StoreThread::serve_next(Lock& lock) {
  Request request = take();
  std::visit([&](auto& kind) { serve(std::move(kind), lock); }, request);
}

void StoreThread::serve(const StartRequest& request, Lock& lock) {
  if (monotonic_now() - request.since > rules_.start_wait_max)
    return refuse(request, {.message = "the store is too slow"}, stats_.refused_down, lock);
  lock.unlock();
  auto started = manager_.start(request.start);
  const auto error = started ? std::nullopt : std::exchange(started.error().cause, std::nullopt);
  const bool is_recorded = started.has_value();
  if (!error) request.reply(std::move(started));
  lock.lock();
  if (!error) return stats_.starts.add(is_recorded ? 1 : 0);

  stats_.failures.add();
  if (error->kind == StoreError::Kind::in_doubt) put_back(WithdrawRequest{request.start});
  if (error->kind == StoreError::Kind::refused)
    log_warning("the session store refused a session",
                {{"store", rules_.name}, {"reason", error->message}});
  else
    went_down(*error, lock);
  refuse(request, *error, stats_.refused_down, lock);
}

void StoreThread::serve(EndRequest request, Lock& lock) {
  lock.unlock();
  auto ended = manager_.end(request.end);
  if (ended && request.reply) request.reply(*ended);
  lock.lock();
  if (ended) return stats_.ends.add();
  if (keeps_trying(ended.error(), ++request.attempts, lock))
    put_back(std::move(request));
  else
    lose(std::move(request), ended.error(), lock);
}

void StoreThread::serve(WithdrawRequest request, Lock& lock) {
  lock.unlock();
  const auto withdrawn = store_->withdraw(request.start);
  lock.lock();
  if (withdrawn) return;
  if (keeps_trying(withdrawn.error(), ++request.attempts, lock))
    put_back(std::move(request));
  else
    stats_.ends_lost.add();
}

bool StoreThread::keeps_trying(const StoreError& error, int attempts, Lock& lock) {
  stats_.failures.add();
  if (error.kind == StoreError::Kind::refused) return false;
  went_down(error, lock);
  return attempts < rules_.end_attempts_max;
}

void StoreThread::refuse(const StartRequest& request, StoreError cause, Cell& counter, Lock& lock) {
  counter.add();
  lock.unlock();
  request.reply(tl::unexpected(SessionRefusal{store_unavailable, std::move(cause)}));
  lock.lock();
}

void StoreThread::lose(EndRequest request, StoreError cause, Lock& lock) {
  stats_.ends_lost.add();
  lock.unlock();
  log_warning(
      "the end of a session could not be recorded",
      {{"store", rules_.name}, {"room", request.end.room.value}, {"reason", cause.message}});
  if (request.reply) request.reply(tl::unexpected(std::move(cause)));
  lock.lock();
}

// To the front: it was there.
void StoreThread::put_back(Request request) {
  counts_.ends_waiting.fetch_add(1);
  queue_.push_front(std::move(request));
  stats_.waiting.set(queue_.size());
}

StoreThread::Request StoreThread::take() {
  Request request = std::move(queue_.front());
  queue_.pop_front();
  auto& waiting =
      std::holds_alternative<StartRequest>(request) ? counts_.starts_waiting : counts_.ends_waiting;
  waiting.fetch_sub(1);
  stats_.waiting.set(queue_.size());
  return request;
}

}  // namespace parley
