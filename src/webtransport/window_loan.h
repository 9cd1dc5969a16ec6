#pragma once
// WindowLoan: what a connection's window has above its own while long packets are on their way.

#include <cstddef>

#include "actor/partial_budget.h"
#include "base/time.h"
#include "quic/quic_connection.h"

namespace parley {

/// A connection's own window is small, since every client may fill it and leave it full. A long
/// packet needs more: it borrows from what the shard's sessions share (PartialBudget), in steps,
/// and waits where there is nothing to borrow. On the shard's thread.
class WindowLoan final : private PartialBudget::Share::Owner {
 public:
  /// Up to here unfinished packets borrow nothing: a third of a connection's own window.
  static constexpr std::size_t own_bytes = 128 * 1024;
  /// A loan grows by as much at a time, up to one longest packet.
  static constexpr std::size_t step = 256 * 1024;

  WindowLoan(QuicConnection& quic, PartialBudget& budget)
      : quic_(quic), budget_(budget), room_(budget, *this) {}

  /// The unfinished packets of the connection hold so many bytes now.
  void update(std::size_t unfinished_bytes);
  [[nodiscard]] TimePoint deadline() const { return deadline_; }
  /// Call at the deadline. True if others wait and the loan has taken too long: a packet must go.
  /// While its holder waits himself no time passes.
  [[nodiscard]] bool is_overdue(Now now);

 private:
  void on_room() override;

  QuicConnection& quic_;
  PartialBudget& budget_;
  PartialBudget::Share room_;
  TimePoint deadline_ = never;
};

}  // namespace parley
