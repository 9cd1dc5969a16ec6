#pragma once
// SendStreams: what waits and what is on its way on the streams of one connection.

#include <ngtcp2/ngtcp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <variant>

#include "base/bytes.h"
#include "quic/quic_protocol.h"
#include "wire/packet.h"

namespace parley {

/// The bytes that stand before a packet on its stream; few enough to be copied.
class StreamPrefix {
 public:
  static constexpr std::size_t bytes_max = 16;

  StreamPrefix() = default;
  explicit StreamPrefix(Bytes bytes);
  [[nodiscard]] Bytes bytes() const { return Bytes(data_).first(length_); }

 private:
  std::array<std::uint8_t, bytes_max> data_{};
  std::uint8_t length_ = 0;
};

/// Our way of one stream: references to bytes, of which some are acknowledged, some sent, and some
/// wait. ngtcp2 points into them until they are acknowledged or the stream is closed, so a chunk
/// never moves.
class SendStream {
 public:
  SendStream(StreamId id, Urgency urgency, std::uint64_t age);
  ~SendStream();
  SendStream(const SendStream&) = delete;
  SendStream& operator=(const SendStream&) = delete;

  [[nodiscard]] StreamId id() const { return id_; }
  [[nodiscard]] Urgency urgency() const { return urgency_; }
  /// Bytes that may be sent now as far as we are concerned.
  [[nodiscard]] std::size_t unsent() const;
  /// Bytes kept: waiting or not acknowledged.
  [[nodiscard]] std::size_t held() const { return static_cast<std::size_t>(queued_ - acked_); }
  /// It has bytes, or its end, to send.
  [[nodiscard]] bool wants_to_send() const;

  /// What to hand to ngtcp2 next; `is_last` if the stream ends with it. No element is empty.
  struct Offer {
    static constexpr std::size_t vectors_max = 16;
    std::array<ngtcp2_vec, vectors_max> vectors;
    std::size_t count = 0;
    std::size_t bytes = 0;
    bool is_last = false;
  };
  [[nodiscard]] Offer offer() const;

 private:
  friend class SendStreams;

  struct Chunk {
    StreamPrefix prefix;
    std::variant<Buffer, Packet> payload;
    std::unique_ptr<Chunk> next;
    [[nodiscard]] Bytes payload_bytes() const;
    [[nodiscard]] std::size_t size() const {
      return prefix.bytes().size() + payload_bytes().size();
    }
  };
  /// wanted: once enough is acknowledged. due: now. done: ngtcp2 has been told.
  enum class Reset : std::uint8_t { none, wanted, due, done };

  void append(std::unique_ptr<Chunk> chunk);
  void on_sent(std::size_t bytes);
  void on_acked(std::size_t bytes);
  void drop_acked();

  StreamId id_;
  Urgency urgency_;
  std::uint64_t age_;

  std::unique_ptr<Chunk> first_;
  Chunk* last_ = nullptr;
  /// The first chunk with unsent bytes, and how many of its bytes are sent.
  Chunk* next_ = nullptr;
  std::size_t next_sent_ = 0;
  /// Bytes acknowledged of the first chunk.
  std::size_t first_acked_ = 0;
  std::uint64_t queued_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t acked_ = 0;
  bool is_last_queued_ = false;
  bool is_last_sent_ = false;
  /// The peer wants no more (STOP_SENDING).
  bool is_refused_ = false;
  Reset reset_ = Reset::none;
  std::uint64_t reset_code_ = 0;
  std::uint64_t reliable_bytes_ = 0;

  // The place among those that can send now.
  SendStream* before_ = nullptr;
  SendStream* after_ = nullptr;
  bool is_ready_ = false;
  /// Its window is used up.
  bool is_blocked_ = false;
};

/// All of a connection's, by id and by whose turn it is: by Urgency, then by age.
class SendStreams {
 public:
  /// Bytes kept for one connection. Above `held_bytes_pull_max` nothing is pulled; `held_bytes_max`
  /// is for the protocol above to stay below, and ends the connection.
  static constexpr std::size_t held_bytes_pull_max = 4 * 1024 * 1024;
  static constexpr std::size_t held_bytes_max = 16 * 1024 * 1024;

  void open(StreamId id, Urgency urgency);
  /// Both ways are over: its bytes are let go. The code of our reset if that is how it ended.
  void close(StreamId id);
  [[nodiscard]] bool has(StreamId id) const { return streams_.contains(id); }
  /// We have reset it, or mean to.
  [[nodiscard]] bool is_reset(StreamId id) const;

  /// Harmless for a stream that is not open, or whose end has been queued.
  void write(StreamId id, Buffer bytes, bool is_last);
  void write_packet(StreamId id, Bytes prefix, Packet packet);
  /// See QuicConnection::reset.
  void reset(StreamId id, std::uint64_t code, std::size_t reliable_bytes);
  /// Calls `perform(id, code)` for each reset that is due.
  template <class Perform>
  void perform_resets(Perform perform);

  /// Whose turn it is, or null. With `only_ends`, of those that have only their end to send.
  [[nodiscard]] SendStream* first_ready(bool only_ends);
  /// The urgency at which `bytes` bytes, sent in order, come to an end; none if there are not as
  /// many.
  [[nodiscard]] Urgency urgency_at(std::size_t bytes) const;
  [[nodiscard]] bool any_waits() const { return ready_count_ + blocked_count_ > 0; }
  [[nodiscard]] std::size_t held_bytes() const { return held_; }

  void on_sent(SendStream& stream, std::size_t bytes, bool was_last);
  void on_acked(StreamId id, std::size_t bytes);
  void on_blocked(SendStream& stream);
  void on_unblocked(StreamId id);
  /// The peer wants no more of it; ngtcp2 resets it.
  void on_refused(SendStream& stream);

 private:
  struct Queue {
    SendStream* first = nullptr;
    SendStream* last = nullptr;
  };

  SendStream* find(StreamId id);
  Queue& queue_of(const SendStream& stream) {
    return queues_[static_cast<std::size_t>(stream.urgency_)];
  }
  void append(StreamId id, StreamPrefix prefix, std::variant<Buffer, Packet> payload, bool is_last);
  /// Puts it into its queue or takes it out, as it is now.
  void sort_in(SendStream& stream);
  void link(SendStream& stream);
  void unlink(SendStream& stream);
  void set_blocked(SendStream& stream, bool blocked);

  std::unordered_map<StreamId, SendStream> streams_;
  std::array<Queue, static_cast<std::size_t>(Urgency::none)> queues_;
  std::vector<StreamId> due_resets_;
  std::uint64_t opened_ = 0;
  std::size_t held_ = 0;
  std::size_t ready_count_ = 0;
  std::size_t blocked_count_ = 0;
};

template <class Perform>
void SendStreams::perform_resets(Perform perform) {
  while (!due_resets_.empty()) {
    const StreamId id = due_resets_.back();
    due_resets_.pop_back();
    SendStream* stream = find(id);
    if (stream == nullptr || stream->reset_ != SendStream::Reset::due) continue;
    stream->reset_ = SendStream::Reset::done;
    sort_in(*stream);
    perform(id, stream->reset_code_);
  }
}

}  // namespace parley
