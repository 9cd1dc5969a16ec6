#pragma once
// One system call on a connected, non-blocking socket, and what became of it.

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/bytes.h"

namespace parley {

/// What a read brought.
struct Received {
  enum class State : std::uint8_t {
    data,
    nothing,           ///< nothing yet: wait
    ended,             ///< the peer is done, or the connection is broken
    handshake_failed,  ///< the TLS of the peer is not ours, or garbage
    plain_http,        ///< the peer speaks http where https was expected
  };
  State state = State::nothing;
  std::size_t bytes = 0;  ///< with State::data, at least one
};

/// What a write sent.
struct Written {
  enum class State : std::uint8_t {
    all,      ///< nothing is left
    blocked,  ///< the kernel takes no more: wait
    failed,   ///< the connection is broken
  };
  State state = State::all;
  std::size_t taken = 0;  ///< bytes of those offered that need not be offered again
  std::size_t sent = 0;   ///< bytes that the kernel took
};

/// recv(2).
[[nodiscard]] Received receive_once(int native_socket, MutableBytes space);
/// sendmsg(2). What is not taken is to be offered again.
[[nodiscard]] Written send_once(int native_socket, std::span<const iovec> parts);

}  // namespace parley
