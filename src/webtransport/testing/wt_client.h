#pragma once
// What a client says, byte by byte, and a server that is all in one place: for tests of the whole
// HTTP/3 connection.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "webtransport/http3_connection.h"
#include "webtransport/http3_frame.h"
#include "webtransport/qpack.h"
#include "webtransport/testing/fake_quic.h"
#include "webtransport/varint.h"

namespace parley::wt_test {

/// Bytes under construction.
class Wire {
 public:
  Wire& number(std::uint64_t value) {
    append_varint(bytes_, value);
    return *this;
  }
  Wire& text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Wire& frame(std::uint64_t type, std::string_view payload) {
    return number(type).number(payload.size()).text(payload);
  }
  Wire& frame(std::uint64_t type, const Wire& payload) { return frame(type, payload.str()); }
  [[nodiscard]] std::string str() const { return {bytes_.begin(), bytes_.end()}; }
  operator std::string() const { return str(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

inline std::string capsule(std::uint64_t type, std::string_view value) {
  return Wire().frame(type, value);
}
inline std::string close_capsule(std::uint32_t code, std::string_view reason) {
  std::string value;
  for (int shift = 24; shift >= 0; shift -= 8) value += static_cast<char>(code >> shift);
  return capsule(0x2843, value + std::string(reason));
}
inline std::string in_data(std::string_view payload) { return Wire().frame(0, payload); }

inline std::string headers(const std::vector<Http3Field>& fields) {
  return Wire().frame(1, as_text(encode_fields(fields)));
}
inline std::vector<Http3Field> connect_fields() {
  return {{":method", "CONNECT"},
          {":protocol", "webtransport"},
          {":scheme", "https"},
          {":authority", "relay.example:4433"},
          {":path", "/lobby/alice/kitchen"},
          {"origin", "https://relay.example"}};
}
inline std::vector<Http3Field> get_fields(std::string_view method = "GET") {
  return {{":method", std::string(method)},
          {":scheme", "https"},
          {":authority", "relay.example"},
          {":path", "/healthz"}};
}

/// A control stream of a browser, grease included.
inline std::string control_stream() {
  const std::string settings = Wire()
                                   .number(0x01)
                                   .number(65536)
                                   .number(0x33)
                                   .number(1)
                                   .number(0x2b603742)
                                   .number(1)
                                   .number(0x1f * 7 + 0x21)
                                   .number(1234);
  return Wire().number(0).frame(4, settings).frame(0x1f * 3 + 0x21, "grease");
}

/// Remembers what it is told, and does what a test wants.
struct Events final : WtSessionEvents {
  struct Log {
    std::vector<std::string> messages;
    std::vector<WtInboundSource> sources;
    int signs_of_life = 0;
    int flushes = 0;
    std::vector<StreamId> over;
    std::vector<WtClose> closes;
    bool is_destroyed = false;
    /// The test's own doing, when it is told of a message.
    std::function<void()> on_message;
    std::function<bool(Urgency)> on_pull;
  };

  explicit Events(Log& told) : log(told) {}
  ~Events() override { log.is_destroyed = true; }

  void on_message(WtInbound inbound, Now) override {
    check(log.closes.empty(), "a message is told of after the end");
    check(inbound.message.room() >= packet_stamp_bytes_max, "there is no room for a stamp");
    const Bytes bytes = inbound.message.written();
    for (const std::uint8_t byte : bytes.first(packet_headroom))
      check(byte == 0, "the headroom is not empty");
    log.messages.emplace_back(as_text(bytes.subspan(packet_headroom)));
    log.sources.push_back(inbound.source);
    if (log.on_message) log.on_message();
  }
  void on_sign_of_life(Now) override { ++log.signs_of_life; }
  bool pull(Urgency than, Now) override { return log.on_pull && log.on_pull(than); }
  void on_flushed(bool, bool, Now) override { ++log.flushes; }
  void on_stream_over(StreamId stream, Now) override { log.over.push_back(stream); }
  void on_closed(const WtClose& close, Now) override {
    check(log.closes.empty(), "a session ends twice");
    log.closes.push_back(close);
  }

  Log& log;
};

/// Lets everybody in, or nobody.
struct Handler final : Http3Handler {
  Http3Response handle(const Http3Request& request, Now) override {
    requests.push_back(request);
    return {.status = 200, .body = "fine\n"};
  }
  std::unique_ptr<WtSessionEvents> connect(const Http3Request& request, WtSession& asked,
                                           Http3Response& refusal, Now) override {
    requests.push_back(request);
    session = &asked;
    if (on_connect) on_connect();
    if (refuse_with == 0) return std::make_unique<Events>(log);
    refusal.status = refuse_with;
    refusal.body = "not you";
    session = nullptr;
    return nullptr;
  }
  void on_refused(std::string_view reason) override { refused.emplace_back(reason); }

  int refuse_with = 0;
  std::function<void()> on_connect;
  std::vector<Http3Request> requests;
  std::vector<std::string> refused;
  WtSession* session = nullptr;
  Events::Log log;
};

/// A connection with everything around it. Streams have the ids that browsers give them.
struct World {
  static constexpr StreamId connect = 0;
  static constexpr StreamId control = 2;

  explicit World(const Http3Rules& some_rules = {}) : rules(some_rules) {
    http3 = std::make_unique<Http3Connection>(quic, handler, rules, partial, stats);
    http3->on_ready(now);
  }

  /// The client's SETTINGS and CONNECT, and the answer.
  World& opened() {
    bring(control, control_stream());
    bring(connect, headers(connect_fields()));
    flush();
    return *this;
  }

  void bring(StreamId stream, std::string_view bytes, bool is_last = false) {
    quic.bring(*http3, stream, as_bytes(bytes), is_last, now);
  }
  void reset(StreamId stream, std::uint64_t code = 0) {
    quic.bring_reset(*http3, stream, code, now);
  }
  void closed(StreamId stream) { http3->on_stream_closed(stream, 0, now); }
  void datagram(std::string_view payload, std::uint64_t quarter = 0) {
    const std::string bytes = Wire().number(quarter).text(payload);
    const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
    http3->on_datagram(copy, now);
  }
  void message(StreamId stream, std::string_view payload) {
    bring(stream, std::string(uni_head) + std::string(payload), true);
  }
  void flush(bool accepted = true, bool blocked = false) {
    for (int turns = 0; http3->pull(Urgency::none, now) && turns < 100; ++turns) {
    }
    http3->on_flushed(accepted, blocked, now);
  }
  /// Lets time pass, with all that falls due.
  void pass(Duration duration) {
    const TimePoint until = now.monotonic + duration;
    while (http3->deadline() <= until) {
      now.monotonic = std::max(now.monotonic, http3->deadline());
      const TimePoint before = http3->deadline();
      http3->on_deadline(now);
      check(http3->deadline() != before || before > now.monotonic, "a deadline stays in the past");
    }
    now.monotonic = until;
  }

  static constexpr std::string_view uni_head{"\x40\x54\x00", 3};

  Now now{TimePoint(1000s), UnixMillis{1'770'000'000'000}};
  FakeQuic quic;
  Handler handler;
  Http3Rules rules;
  WtStats stats;
  ShardStats shard_stats;
  PartialBudget partial{{.message_bytes_max = std::size_t{5} * 1024 * 1024}, shard_stats};
  std::unique_ptr<Http3Connection> http3;
};

}  // namespace parley::wt_test
