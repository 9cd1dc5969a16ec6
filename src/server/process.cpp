#include "server/process.h"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "base/log.h"

namespace parley {

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

void block_signals(const sigset_t& signals) {
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void configure_log_from(const Config& config) {
  const bool as_text = config.log.format == LogStyle::text ||
                       (config.log.format == LogStyle::automatic && ::isatty(STDERR_FILENO) != 0);
  configure_log(config.log.level, as_text ? LogFormat::text : LogFormat::json);
}

void give_memory_back() {
  // Left alone, glibc takes as large only what is larger than all that was ever freed.
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  // The end of the heap, which comes and goes with every burst, stays.
  mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
}

void write_ready_line(int descriptor, const std::string& line) {
  if (descriptor < 0) return;
  if (::write(descriptor, line.data(), line.size()) < 0)
    log_warning("cannot write the ready line", {{"descriptor", descriptor}});
  ::close(descriptor);
}

}  // namespace parley
