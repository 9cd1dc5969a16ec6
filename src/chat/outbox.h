#pragma once
// Outbox: the one queue before a client, and what it drops first when the client is slow.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/time.h"
#include "chat/ring.h"
#include "chat/shard_stats.h"
#include "wire/packet.h"

namespace parley {

/// What a session may have waiting. The defaults are those of `outbox.*` in the configuration.
struct OutboxLimits {
  std::size_t bytes = 2 * 1024 * 1024;
  Duration video_age = 500ms;
  Duration audio_age = 1s;
  std::size_t data_bytes = 64 * 1024;
};

/// What became of a packet that was handed to a receiver.
enum class Delivery : std::uint8_t { queued, dropped };

/// Packets waiting for one client: bounded in bytes and in age, and aware of what they are.
///
/// While the client keeps up, packets leave in order of arrival. Once a flush could not empty the
/// Outbox they leave by class (control, audio, data, video), in order of arrival within each.
///
/// Loss, when it must be: under backlog, video older than video_age, audio older than audio_age and
/// data beyond data_bytes, oldest first; and when the bytes run out, the sender with the most bytes
/// waiting loses, his lowest class first. After a lost video frame the deltas of that sender and
/// media type are held back until the next keyframe, for at most six seconds. An empty Outbox takes
/// any packet. Bytes count with what it costs to keep them, so that a flood of tiny packets is
/// bounded too.
class Outbox {
 public:
  /// A packet on its way out, and when it came in.
  struct Entry {
    Packet packet;
    TimePoint queued_at;
    std::uint64_t arrival = 0;
  };

  Outbox(const OutboxLimits& limits, ShardStats& stats) : limits_(limits), stats_(stats) {}
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  Delivery push(const Packet& packet, TimePoint now);

  /// The next packet to send, or nothing. Whatever has become too old is dropped first.
  std::optional<Entry> take(TimePoint now);
  /// The next packet of one class, or nothing: for a transport whose packets do not wait for one
  /// another.
  std::optional<Entry> take(PacketClass packet_class, TimePoint now);
  /// Gives back a taken packet of which no byte was sent. In reverse order of taking.
  void put_back(Entry entry);
  /// A packet that was taken did not reach the client whole after all.
  void lose_taken(const PacketFacts& facts, DropReason reason, TimePoint now);
  /// The client took all it could for now; whatever is left is backlog.
  void end_flush() { backlogged_ = !empty(); }

  [[nodiscard]] bool empty() const { return packets_ == 0; }
  /// Whether something waits that is of this class or of one before it.
  [[nodiscard]] bool has_up_to(PacketClass packet_class) const;
  [[nodiscard]] std::size_t packets() const { return packets_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// What keeping a packet costs beside its bytes: the entry here, and its share of the buffer.
  static constexpr std::size_t entry_bytes = 64;

  /// True once a packet of the server's own did not fit: the session has to end.
  [[nodiscard]] bool overflowed() const { return overflowed_; }
  /// True if packets were dropped since the last take_losses().
  [[nodiscard]] bool has_losses() const { return !losses_.empty(); }
  /// The senders of packets dropped since the last call, one entry a packet, at most losses_max.
  [[nodiscard]] std::vector<SessionId> take_losses() { return std::exchange(losses_, {}); }
  static constexpr std::size_t losses_max = 256;

 private:
  struct Stream {
    SessionId sender;
    MediaType media;
    friend bool operator==(Stream, Stream) = default;
  };
  struct Hold {
    Stream stream;
    TimePoint since;
  };
  using BytesByClass = std::array<std::size_t, packet_class_count>;

  Ring<Entry>& queue(PacketClass packet_class) {
    return queues_[static_cast<std::size_t>(packet_class)];
  }
  Ring<Entry>* next_queue();
  std::optional<Entry> take_from(Ring<Entry>& waiting);

  void expire(TimePoint now);
  void expire_queue(PacketClass packet_class, Duration age, DropReason reason, TimePoint now);
  /// Loses a delta whose stream waits for a keyframe; a keyframe ends the waiting.
  bool holds_back(const Packet& packet, TimePoint now);
  static std::size_t cost_of(const Packet& packet) { return packet.size() + entry_bytes; }
  /// What a packet costs that alone is more than the bound; 0 for every other.
  [[nodiscard]] std::size_t oversize_of(const Packet& packet) const {
    return cost_of(packet) > limits_.bytes ? cost_of(packet) : 0;
  }
  /// What may wait once this packet does.
  [[nodiscard]] std::size_t bytes_allowed(const Packet& packet) const;
  [[nodiscard]] bool fits(const Packet& packet) const {
    return bytes_ + cost_of(packet) <= bytes_allowed(packet);
  }
  bool make_room(const Packet& packet, TimePoint now);
  void trim_data(std::size_t coming);
  void evict(SessionId sender, PacketClass packet_class, std::size_t wanted, TimePoint now);
  /// Walks a queue, drops what `too_much` says and the deltas that depended on it. `broken`:
  /// streams that have lost a frame and shown no keyframe since.
  template <class TooMuch>
  void drop_where(PacketClass packet_class, DropReason reason, TimePoint now, TooMuch too_much,
                  std::vector<Stream> broken = {});

  void hold(Stream stream, TimePoint now);
  void count_in(const Packet& packet);
  void count_out(const Packet& packet);
  void lose(const PacketFacts& facts, DropReason reason);
  void begin_accounting();

  const OutboxLimits& limits_;
  ShardStats& stats_;
  std::array<Ring<Entry>, packet_class_count> queues_;
  std::size_t packets_ = 0;
  std::size_t bytes_ = 0;
  std::size_t oversize_bytes_ = 0;
  std::size_t data_bytes_ = 0;
  std::uint64_t arrivals_ = 0;
  TimePoint next_expiry_{};
  bool backlogged_ = false;
  bool overflowed_ = false;
  std::vector<Hold> holds_;
  std::vector<SessionId> losses_;
  /// Bytes waiting by sender; exists only from running out of bytes until the Outbox is empty.
  std::unique_ptr<std::unordered_map<SessionId, BytesByClass>> bytes_by_sender_;
};

}  // namespace parley
