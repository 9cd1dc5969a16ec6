#pragma once
// LoadLoop: one epoll loop for all connections of the load tool, and the memory they read into.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace parley::bench {

class WsClient;

/// Waits for sockets and hands their events to their clients. One thread.
class LoadLoop {
 public:
  static Result<std::unique_ptr<LoadLoop>> create();
  ~LoadLoop();
  LoadLoop(const LoadLoop&) = delete;
  LoadLoop& operator=(const LoadLoop&) = delete;

  /// What to wait for, in epoll's own words.
  void watch(int fd, std::uint32_t events, WsClient& client);
  void change(int fd, std::uint32_t events, WsClient& client);
  void forget(int fd);

  /// Serves what is ready; waits for something until `deadline`. Serves at most one batch, so that
  /// a flood of events does not make the caller miss its next tick.
  void run_once(TimePoint deadline);

  /// Where every client reads into: what is there is only valid until the next read.
  [[nodiscard]] MutableBytes buffer() { return {buffer_.get(), buffer_bytes}; }

 private:
  // A read of a busy connection brings some ten to hundred packets; more than the kernel's buffer
  // hands out at once is of no use.
  static constexpr std::size_t buffer_bytes = 512 * 1024;

  explicit LoadLoop(int epoll);

  int epoll_;
  std::unique_ptr<std::uint8_t[]> buffer_;
};

}  // namespace parley::bench
