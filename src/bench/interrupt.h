#pragma once
// Interrupt: Ctrl-C ends a measurement early and its result is still printed.

namespace parley::bench {

/// While it lives, SIGINT and SIGTERM set a flag instead of ending the process; a second one ends
/// it.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

/// Whether a signal has come.
bool interrupted();

}  // namespace parley::bench
