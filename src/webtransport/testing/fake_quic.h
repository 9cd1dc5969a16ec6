#pragma once
// FakeQuic: a QuicConnection for tests. It writes down what a protocol asks for, and keeps account
// of the windows.

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "quic/quic_connection.h"
#include "quic/quic_protocol.h"

namespace parley {

class FakeQuic final : public QuicConnection {
 public:
  /// What became of one stream, as far as we caused it.
  struct Stream {
    std::string out;  ///< written by us
    bool out_ended = false;
    std::optional<std::uint64_t> reset_code;
    std::size_t reliable_bytes = 0;
    std::optional<std::uint64_t> stop_code;
    Urgency urgency = Urgency::none;
    std::size_t delivered = 0;   ///< brought to the protocol
    std::size_t given_back = 0;  ///< to the stream's window
    bool in_ended = false;       ///< nothing more may be brought
  };

  // What the test arranges.
  std::uint64_t streams_granted = 100;
  std::size_t datagram_bytes = 1200;
  Duration round_trip = 20ms;

  // What happened.
  std::map<StreamId, Stream> streams;
  std::vector<std::string> datagrams;
  std::size_t delivered = 0;
  std::size_t given_back = 0;  ///< to the connection's window
  std::size_t wider_by = 0;
  int wakes = 0;
  std::optional<std::uint64_t> close_code;
  std::string close_reason;

  /// Brings a piece of a stream to `protocol`; nothing if the stream was stopped, as in life.
  void bring(QuicProtocol& protocol, StreamId id, Bytes bytes, bool is_last, Now now) {
    Stream& stream = streams[id];
    if (stream.stop_code || stream.in_ended) return;
    stream.delivered += bytes.size();
    delivered += bytes.size();
    stream.in_ended = is_last;
    // A copy of its own, so that whoever reads beyond it or keeps it is noticed.
    const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
    protocol.on_stream_data(id, copy, is_last, now);
  }

  /// The client resets a stream.
  void bring_reset(QuicProtocol& protocol, StreamId id, std::uint64_t code, Now now) {
    Stream& stream = streams[id];
    if (stream.in_ended) return;
    stream.in_ended = true;
    protocol.on_stream_reset(id, code, now);
  }

  [[nodiscard]] std::size_t outstanding() const { return delivered - given_back; }
  [[nodiscard]] const Stream& stream(StreamId id) const {
    const auto place = streams.find(id);
    check(place != streams.end(), "a stream that nobody has touched is asked about");
    return place->second;
  }

  // QuicConnection
  std::optional<StreamId> open_uni(Urgency urgency) override {
    if (streams_granted == 0) return std::nullopt;
    --streams_granted;
    const StreamId id = next_uni_;
    next_uni_ += 4;
    streams[id].urgency = urgency;
    return id;
  }
  [[nodiscard]] std::uint64_t uni_streams_left() const override { return streams_granted; }
  void write(StreamId id, Buffer bytes, bool is_last) override {
    Stream& stream = to_write(id);
    stream.out += as_text(bytes.bytes());
    stream.out_ended = is_last;
  }
  void write_packet(StreamId id, Bytes prefix, Packet packet) override {
    check(prefix.size() <= 16, "a prefix is longer than 16 bytes");
    Stream& stream = to_write(id);
    stream.out += as_text(prefix);
    stream.out += as_text(packet.wrapper());
    stream.out_ended = true;
  }
  void reset(StreamId id, std::uint64_t code, std::size_t reliable_bytes) override {
    Stream& stream = streams[id];
    if (stream.reset_code) return;
    stream.reset_code = code;
    stream.reliable_bytes = reliable_bytes;
  }
  void stop(StreamId id, std::uint64_t code) override {
    check(!is_server_stream(id), "a stream of our own is stopped");
    Stream& stream = streams[id];
    if (!stream.stop_code && !stream.in_ended) stream.stop_code = code;
  }
  bool send_datagram(Bytes prefix, Buffer payload) override {
    if (prefix.size() + payload.size() > datagram_bytes || datagrams.size() == datagrams_max)
      return false;
    datagrams.push_back(std::string(as_text(prefix)) + std::string(as_text(payload.bytes())));
    return true;
  }
  [[nodiscard]] std::size_t datagram_bytes_max() const override { return datagram_bytes; }
  void give_back_to_stream(StreamId id, std::size_t bytes) override {
    Stream& stream = streams[id];
    stream.given_back += bytes;
    check(stream.given_back <= stream.delivered, "a stream is given back more than it brought");
  }
  void give_back(std::size_t bytes) override {
    given_back += bytes;
    check(given_back <= delivered, "something is given back twice");
  }
  void widen(std::size_t bytes) override { wider_by = bytes; }
  void wake(Urgency) override { ++wakes; }
  void close(std::uint64_t code, std::string_view reason) override {
    if (close_code) return;
    close_code = code;
    close_reason = reason;
  }
  [[nodiscard]] Duration rtt() const override { return round_trip; }
  [[nodiscard]] std::string remote_address() const override { return "192.0.2.1:4433"; }

 private:
  Stream& to_write(StreamId id) {
    Stream& stream = streams[id];
    check(!is_server_stream(id) || id < next_uni_, "a stream that is not open is written");
    check(!stream.out_ended, "something is written behind the end of a stream");
    return stream;
  }

  StreamId next_uni_ = 3;
};

}  // namespace parley
