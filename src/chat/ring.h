#pragma once
// Ring: a growable first-in-first-out queue that gives its memory back.

#include <cstddef>
#include <memory>
#include <utility>

namespace parley {

/// A queue of movable, default-constructible values. Empty rings that have grown beyond
/// `kept_capacity` free their memory; small ones keep it, so a steady flow allocates nothing.
template <class T>
class Ring {
 public:
  static constexpr std::size_t kept_capacity = 128;

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t size() const { return count_; }
  [[nodiscard]] T& front() { return slot(0); }
  [[nodiscard]] const T& front() const { return slots_[head_]; }

  void push_back(T value) {
    grow_if_full();
    slot(count_) = std::move(value);
    ++count_;
  }

  void push_front(T value) {
    grow_if_full();
    head_ = (head_ + capacity_ - 1) & (capacity_ - 1);
    slots_[head_] = std::move(value);
    ++count_;
  }

  T pop_front() {
    T value = std::exchange(slots_[head_], T{});
    head_ = (head_ + 1) & (capacity_ - 1);
    --count_;
    release_if_idle();
    return value;
  }

  /// Calls `keep(value)` on each value, oldest first, and removes those it answers false for.
  template <class Keep>
  void filter(Keep keep) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (!keep(slot(i))) continue;
      if (kept != i) slot(kept) = std::move(slot(i));
      ++kept;
    }
    for (std::size_t i = kept; i < count_; ++i) slot(i) = T{};
    count_ = kept;
    release_if_idle();
  }

 private:
  [[nodiscard]] T& slot(std::size_t i) { return slots_[(head_ + i) & (capacity_ - 1)]; }

  void grow_if_full() {
    if (count_ < capacity_) return;
    const std::size_t capacity = capacity_ == 0 ? 4 : capacity_ * 2;
    auto slots = std::make_unique<T[]>(capacity);
    for (std::size_t i = 0; i < count_; ++i) slots[i] = std::move(slot(i));
    slots_ = std::move(slots);
    capacity_ = capacity;
    head_ = 0;
  }

  void release_if_idle() {
    if (count_ > 0 || capacity_ <= kept_capacity) return;
    slots_.reset();
    capacity_ = 0;
    head_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_ = 0;  // a power of two, or 0
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

}  // namespace parley
