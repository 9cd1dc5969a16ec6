#pragma once
// The counters one shard owns: counted where it happens, by that shard's thread only, and summed
// over the shards when somebody asks (stats/metrics).

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "wire/packet.h"

namespace parley {

/// A counter or gauge with one writing thread; any thread may read it.
class Cell {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Why a packet was not delivered to one receiver.
enum class DropReason : std::uint8_t {
  video_too_old,       ///< waited longer than outbox.video_age
  audio_too_old,       ///< waited longer than outbox.audio_age
  held_back,           ///< a delta whose keyframe or predecessor was dropped
  outbox_full,         ///< the receiver's Outbox ran out of bytes
  data_over_budget,    ///< more than outbox.data_bytes of diagnostics waiting
  session_closed,      ///< still waiting when the session ended
  mailbox_full,        ///< the way to another shard was full
  in_flight_too_long,  ///< its stream was given up half-way (WebTransport)
  bus_full,            ///< the way to other servers was full, or cut
};
inline constexpr std::size_t drop_reason_count = 9;
std::string_view name_of(DropReason reason);

/// Why a packet from a client was not relayed at all.
enum class DiscardReason : std::uint8_t {
  malformed,       ///< the envelope does not walk to its end
  forged,          ///< MEETING, SESSION_ASSIGNED or CONGESTION from a client
  observer,        ///< observers may only probe and report
  keyframe_limit,  ///< more than two keyframe requests in a second
};
inline constexpr std::size_t discard_reason_count = 4;
std::string_view name_of(DiscardReason reason);

/// Why a session ended.
enum class EndReason : std::uint8_t {
  client_closed,      ///< a Close frame from the client
  connection_lost,    ///< FIN or RST without a Close frame
  silent,             ///< nothing came for the idle time-out (1001)
  resumed_elsewhere,  ///< another connection of the same session took over (1000)
  protocol_error,     ///< RFC 6455 violated (1002)
  invalid_text,       ///< text or close reason that is not UTF-8 (1007)
  message_too_big,    ///< a message above packet_bytes_max (1009)
  too_slow,           ///< the client does not read (1008)
  message_too_slow,   ///< a long message came slowly while others waited for its room (1008)
  rejected,           ///< the session was refused at its start (1008)
  meeting_ended,      ///< the host has ended it, and it closes for all (1000)
  draining,           ///< the server shuts down (1001)
  internal_error,     ///< our fault (1011)
};
inline constexpr std::size_t end_reason_count = 13;
std::string_view name_of(EndReason reason);

/// A histogram of durations with fixed bounds; one writing thread.
class DurationHistogram {
 public:
  static constexpr std::array<double, 12> bounds_seconds = {
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0};

  void observe(Duration duration);

  /// Observations in the bucket with upper bound bounds_seconds[i]; the last one has no bound.
  [[nodiscard]] std::uint64_t bucket(std::size_t i) const { return buckets_[i].read(); }
  [[nodiscard]] double sum_seconds() const { return static_cast<double>(sum_ns_.read()) / 1e9; }

 private:
  std::array<Cell, bounds_seconds.size() + 1> buckets_;
  Cell sum_ns_;
};

struct ShardStats {
  // Gauges.
  Cell sessions;
  Cell rooms;
  Cell connections;    ///< of clients, HTTP ones included
  Cell partial_bytes;  ///< room held for long messages that are not whole yet

  // Counters.
  Cell sessions_started;
  std::array<Cell, end_reason_count> sessions_ended;
  std::array<Cell, packet_class_count> packets_in, bytes_in, packets_out, bytes_out;
  /// A packet went to a client.
  void count_out(const Packet& packet) {
    const auto packet_class = static_cast<std::size_t>(packet.facts().packet_class);
    packets_out[packet_class].add();
    bytes_out[packet_class].add(packet.size());
  }
  std::array<Cell, drop_reason_count> drops;
  std::array<Cell, discard_reason_count> discards;
  Cell congestion_sent;
  Cell rtt_echoes;
  Cell health_packets;
  Cell text_messages_ignored;
  Cell partial_waits;  ///< long messages that had to wait for room
  Cell writes;         ///< system calls that sent packets

  DurationHistogram queue_age;  ///< how long a packet waited in an Outbox
  DurationHistogram loop_lag;   ///< how long one turn of the loop took

  Cell& drop(DropReason reason) { return drops[static_cast<std::size_t>(reason)]; }
  Cell& discard(DiscardReason reason) { return discards[static_cast<std::size_t>(reason)]; }
  Cell& ended(EndReason reason) { return sessions_ended[static_cast<std::size_t>(reason)]; }
};

}  // namespace parley
