#pragma once
// Http3Rules: the bounds and deadlines of an HTTP/3 connection and the session on it.

#include <cstddef>

#include "base/time.h"
#include "wire/packet.h"

namespace parley {

/// How long a whole video frame waits for an unfinished earlier one (see FrameOrder).
struct FrameOrderRules {
  /// As long as bytes of the earlier one keep coming at least this often …
  Duration silence_max = 200ms;
  /// … and never longer than this in all. 0 releases everything at once.
  Duration wait_max = 1s;
};

struct Http3Rules {
  /// The client's SETTINGS come within this time after the handshake, or the connection ends.
  Duration settings_timeout = 5s;
  /// So does its CONNECT. Longer: one browser opens a second connection and leaves it idle.
  Duration connect_timeout = 10s;
  /// A stream says what it is, and a request stream what it wants.
  Duration head_timeout = 5s;
  /// Streams and datagrams of a session that does not exist yet are kept for this long.
  Duration early_timeout = 5s;
  /// When we close a session, its last control packets have this long to arrive before the close
  /// capsule, at which clients forget what they have not read.
  Duration last_words_timeout = 1s;
  /// What has arrived is acknowledged before anybody has read it: a page gets this long for that.
  Duration reading_time = 250ms;
  /// Then the client has this long to answer and to hang up before the connection ends.
  Duration farewell_timeout = 2s;

  /// A longer packet is stopped; its session lives.
  std::size_t message_bytes_max = packet_bytes_max;
  /// Kept before the session; more streams are rejected, more datagrams dropped.
  std::size_t early_streams_max = 24;
  std::size_t early_datagrams_max = 32;
  /// Bytes of unfinished packets at which the newest is stopped: room for a longest one and, in
  /// the connection's own window, the beginnings of others, which wait for it.
  std::size_t unfinished_bytes_max = packet_bytes_max + std::size_t{256} * 1024;
  /// Whole packets that wait while reading is paused, and their bytes; more are dropped.
  std::size_t waiting_max = 4096;
  std::size_t waiting_bytes_max = 8'000'000;

  FrameOrderRules frame_order{};
};

}  // namespace parley
