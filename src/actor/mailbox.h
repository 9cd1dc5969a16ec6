#pragma once
// Mailbox: how other threads reach a shard.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "actor/task.h"

namespace parley {

/// Tasks from many threads for one shard, in order of arrival. Control is never refused; media is,
/// once it would be too much. One wake-up per batch.
class Mailbox {
 public:
  static constexpr std::size_t media_bytes_max_default = 8 * 1024 * 1024;
  /// What a sender with nothing waiting gets in however full it is: any audio, most video frames.
  static constexpr std::size_t always_bytes = 16 * 1024;

  /// `wake` is called by whoever puts the first task into an empty mailbox.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  void post(Task task) { put(std::move(task), 0); }

  /// False, and nothing happens, when media that costs `bytes` would be too much. What is its
  /// sender's first thing waiting gets in if it is small; anything else leaves as much free as it
  /// takes, so that many who send a lot leave room for those who do not. What is alone gets in.
  [[nodiscard]] bool offer(Task task, std::size_t bytes, bool is_first) {
    const std::size_t waiting = media_bytes_.load(std::memory_order_relaxed);
    const std::size_t free = waiting < media_bytes_max_ ? media_bytes_max_ - waiting : 0;
    const bool fits = waiting == 0 || bytes <= (is_first ? std::max(free, always_bytes) : free / 2);
    if (fits) put(std::move(task), bytes);
    return fits;
  }

  /// True if something may be waiting; cheap enough to ask after every read.
  [[nodiscard]] bool waiting() const { return waiting_.load(std::memory_order_acquire); }

  /// Runs what is waiting. The owner's thread only; from within one of the tasks it does nothing.
  void run() {
    if (!waiting() || running_) return;
    running_ = true;
    {
      const std::lock_guard lock(mutex_);
      taken_.swap(incoming_);
      waiting_.store(false, std::memory_order_release);
      media_bytes_.store(0, std::memory_order_relaxed);
    }
    for (Task& task : taken_) task();
    taken_.clear();
    running_ = false;
    if (taken_.capacity() > kept_capacity) taken_.shrink_to_fit();
  }

  /// Before threads start.
  void set_media_bytes_max(std::size_t bytes) { media_bytes_max_ = bytes; }

 private:
  static constexpr std::size_t kept_capacity = 4096;

  void put(Task task, std::size_t bytes) {
    bool was_empty;
    {
      const std::lock_guard lock(mutex_);
      was_empty = incoming_.empty();
      incoming_.push_back(std::move(task));
      waiting_.store(true, std::memory_order_release);
      media_bytes_.store(media_bytes_.load(std::memory_order_relaxed) + bytes,
                         std::memory_order_relaxed);
    }
    if (was_empty) wake_();
  }

  std::function<void()> wake_;
  std::size_t media_bytes_max_ = media_bytes_max_default;
  std::mutex mutex_;
  std::vector<Task> incoming_;  // under mutex_
  std::vector<Task> taken_;     // the owner's
  bool running_ = false;        // the owner's
  std::atomic<bool> waiting_{false};
  std::atomic<std::size_t> media_bytes_{0};  // written under mutex_
};

}  // namespace parley
