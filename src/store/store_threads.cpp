#include "store/store_threads.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace parley {
namespace {

StoreThreadRules named(StoreThreadRules rules, const Database& database) {
  rules.name = database.name();
  return rules;
}

}  // namespace

StoreThreads::StoreThreads(const Database& database, StoreThreadRules rules, std::size_t threads)
    : rules_(named(std::move(rules), database)) {
  if (threads == 0) threads = database.connections();
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i)
    threads_.push_back(std::make_unique<StoreThread>(database.connect(), rules_, counts_));
}

StoreThreads::~StoreThreads() {
  // All at once: each may take its time.
  for (const auto& thread : threads_) thread->stop();
}

void StoreThreads::start(SessionStart start, StartReply reply) {
  if (start.instance.empty()) start.instance = rules_.instance;
  StoreThread& thread = thread_of(start.room);
  thread.start(std::move(start), std::move(reply));
}

void StoreThreads::end(SessionEnd end, EndReply reply) {
  if (end.instance.empty()) end.instance = rules_.instance;
  StoreThread& thread = thread_of(end.room);
  thread.end(std::move(end), std::move(reply));
}

bool StoreThreads::is_up() const {
  return std::ranges::all_of(threads_,
                             [](const auto& thread) { return thread->stats().is_up.read() == 1; });
}

std::vector<const StoreStats*> StoreThreads::stats() const {
  std::vector<const StoreStats*> all;
  for (const auto& thread : threads_) all.push_back(&thread->stats());
  return all;
}

StoreThread& StoreThreads::thread_of(const RoomId& room) const {
  return *threads_[std::hash<RoomId>{}(room) % threads_.size()];
}

}  // namespace parley
