#include "bench/interrupt.h"

#include <csignal>

namespace parley::bench {
namespace {

// A signal handler has no other way to speak.
volatile std::sig_atomic_t signal_came = 0;

void note_signal(int) { signal_came = 1; }

void install(void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  // Not SA_RESTART: waiting ends at once.
  action.sa_flags = flags;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  signal_came = 0;
  install(note_signal, static_cast<int>(SA_RESETHAND));
}

InterruptGuard::~InterruptGuard() { install(SIG_DFL, 0); }

bool interrupted() { return signal_came != 0; }

}  // namespace parley::bench
