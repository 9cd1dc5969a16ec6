#pragma once
// PartialBudget: the memory in which the sessions of one shard put long messages together.

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/time.h"
#include "chat/shard_stats.h"

namespace parley {

/// Short messages are put together in memory of their session's own, and ask nobody: ordinary
/// packets never wait for what others do.
inline constexpr std::size_t unasked_bytes_max = 64 * 1024;

/// Gives long messages room before their bytes are read; who gets none leaves them in the kernel
/// and waits. All who hold room hold at most `bytes_max`, of which one longest message is kept for
/// whoever is next: he has the right of way and gets room until his message is whole, so that
/// messages of unknown length, which ask again as they grow, never block one another half-way. The
/// shortest that waits is next: a crowd of messages of megabytes does not hold up a keyframe. For
/// the shard's thread.
class PartialBudget {
 public:
  class Share;

  struct Rules {
    /// All together.
    std::size_t bytes_max = std::size_t{8} * 1024 * 1024;
    /// One longest message: the least that `bytes_max` can be.
    std::size_t message_bytes_max = 0;
    /// How long a message may hold its room while others wait, and as long again for each 640 KiB.
    Duration time = 5s;
  };

  PartialBudget(const Rules& rules, ShardStats& stats);

  /// How long a message may take with `bytes` of room.
  [[nodiscard]] Duration time_for(std::size_t bytes) const;
  /// When it is over: how often to look whether meanwhile somebody waits.
  [[nodiscard]] Duration extra_time() const { return time_; }

  /// Somebody waits: who holds room had better hurry, and who has none had better read little.
  [[nodiscard]] bool is_short() const { return !waiting_.empty(); }

 private:
  /// True if `share` may grow to `bytes` now.
  bool give(Share& share, std::size_t bytes);
  void give_to_waiting();

  const Duration time_;
  const std::size_t shared_bytes_max_;  ///< what all may hold, the right of way apart
  ShardStats& stats_;
  std::size_t shared_bytes_ = 0;
  Share* right_of_way_ = nullptr;
  std::multimap<std::size_t, Share*> waiting_;  ///< by the room they wait for
};

/// What one session holds, for one message at a time.
class PartialBudget::Share {
 public:
  /// Is told when there is room.
  class Owner {
   public:
    virtual void on_room() = 0;

   protected:
    ~Owner() = default;
  };

  Share(PartialBudget& budget, Owner& owner) : budget_(budget), owner_(owner) {}
  ~Share() { give_back(); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  /// Room for `bytes`, what is held already included. False: wait for on_room().
  [[nodiscard]] bool ask(std::size_t bytes);
  /// The message is whole, or nobody wants it any more. Harmless twice.
  void give_back();

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool waits() const { return waits_; }

 private:
  friend class PartialBudget;
  PartialBudget& budget_;
  Owner& owner_;
  std::size_t bytes_ = 0;
  bool waits_ = false;
  std::multimap<std::size_t, Share*>::iterator place_;
};

}  // namespace parley
