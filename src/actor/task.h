#pragma once
// Task: something to be run once, later; what travels through a mailbox.

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace parley {

/// A move-only `void()`. Callables of up to 96 bytes stand inside, so a packet on its way to
/// another shard costs no allocation.
class Task {
 public:
  Task() = default;
  template <class Callable>
    requires(!std::is_same_v<std::decay_t<Callable>, Task>)
  Task(Callable&& callable) {  // NOLINT(google-explicit-constructor): a lambda is a task
    using Held = std::decay_t<Callable>;
    if constexpr (fits<Held>) {
      new (space_) Held(std::forward<Callable>(callable));
      methods_ = &methods_of<Held>;
    } else {
      using Boxed = std::unique_ptr<Held>;
      auto box = [boxed = Boxed(new Held(std::forward<Callable>(callable)))] { (*boxed)(); };
      static_assert(fits<decltype(box)>);
      new (space_) decltype(box)(std::move(box));
      methods_ = &methods_of<decltype(box)>;
    }
  }
  Task(Task&& other) noexcept : methods_(std::exchange(other.methods_, nullptr)) {
    if (methods_ != nullptr) methods_->move(space_, other.space_);
  }
  Task& operator=(Task&& other) noexcept {
    if (this == &other) return *this;
    this->~Task();
    return *new (this) Task(std::move(other));
  }
  ~Task() {
    if (methods_ != nullptr) methods_->destroy(space_);
  }

  void operator()() { methods_->run(space_); }

 private:
  static constexpr std::size_t space_bytes = 96;
  struct Methods {
    void (*run)(void*);
    void (*move)(void* to, void* from);  ///< and destroys what is left behind
    void (*destroy)(void*);
  };
  template <class Held>
  static constexpr bool fits =
      sizeof(Held) <= space_bytes && alignof(Held) <= alignof(std::max_align_t) &&
      std::is_nothrow_move_constructible_v<Held>;
  template <class Held>
  static constexpr Methods methods_of = {[](void* held) { (*static_cast<Held*>(held))(); },
                                         [](void* to, void* from) {
                                           new (to) Held(std::move(*static_cast<Held*>(from)));
                                           static_cast<Held*>(from)->~Held();
                                         },
                                         [](void* held) { static_cast<Held*>(held)->~Held(); }};

  const Methods* methods_ = nullptr;
  alignas(std::max_align_t) std::byte space_[space_bytes];
};

}  // namespace parley
