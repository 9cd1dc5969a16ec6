// A whole HTTP/3 connection: whatever a client sends on whichever streams, in whatever order, and
// whatever the session does meanwhile, the windows come out right, nobody is told of anything after
// the end, and each session ends once.
//
// Input: a script. One byte says what happens, others how much; see Script::step.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "base/check.h"
#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

class Script {
 public:
  explicit Script(Bytes bytes) : bytes_(bytes) {
    world_.handler.log.on_message = [this] { act(next() % 8); };
  }

  void run() {
    while (!bytes_.empty() && !has_ended_) {
      step();
      if (world_.quic.close_code) end(QuicEnd::Cause::local);
    }
    end(QuicEnd::Cause::idle);
  }

 private:
  void step() {
    const std::uint8_t what = next();
    switch (what & 7) {
      case 0:
      case 1:
      case 2:
      case 3:
        return bring((what & 8) != 0);
      case 4:
        return end_stream(what);
      case 5:
        return datagram();
      case 6:
        return act(what >> 3);
      default:
        return pass(what >> 3);
    }
  }

  // Streams 0, 4, 8, …, 28 and 2, 6, 10, …, 94 are the client's.
  StreamId stream() {
    const int choice = next() % 32;
    return choice < 8 ? 4 * choice : 2 + 4 * (choice - 8);
  }

  void bring(bool is_last) {
    const StreamId id = stream();
    // Large messages need no large script: of a long piece it gives the beginning.
    constexpr std::size_t beginning = 16;
    std::size_t size = next();
    const bool is_long = size >= 250;
    if (is_long) size = (size - 249) * 3000;
    const Bytes bytes = take(is_long ? beginning : size);
    std::vector<std::uint8_t> padded(bytes.begin(), bytes.end());
    padded.resize(size, 0x20);
    world_.quic.bring(*world_.http3, id, padded, is_last, world_.now);
  }

  void end_stream(int how) {
    const StreamId id = stream();
    if ((how & 8) != 0) return world_.reset(id, next());
    if ((how & 16) != 0) {
      const StreamId ours = 3 + 4 * (next() % 32);
      const auto place = world_.quic.streams.find(ours);
      const bool is_open = place != world_.quic.streams.end() && over_.insert(ours).second;
      if (is_open) world_.closed(ours);
      return;
    }
    const auto place = world_.quic.streams.find(id);
    if (place == world_.quic.streams.end() || !place->second.in_ended) return;
    const bool is_answered =
        is_unidirectional(id) || place->second.out_ended || place->second.reset_code;
    if (is_answered && over_.insert(id).second) world_.closed(id);
  }

  void datagram() {
    const Bytes bytes = take(next());
    const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
    world_.http3->on_datagram(copy, world_.now);
  }

  // What the session's actor may do; also from within a message.
  void act(int what) {
    WtSession* session = world_.handler.session;
    if (session == nullptr || !world_.handler.log.closes.empty()) return;
    const Packet packet = Packet::copy_of(as_bytes("a packet"), {});
    switch (what % 8) {
      case 0:
        session->send(packet, Urgency::control);
        break;
      case 1:
        if (const auto stream = session->send(packet, Urgency::video))
          if (next() % 2 == 0) session->abandon(*stream);
        break;
      case 2:
        session->send_datagram(packet);
        break;
      case 3:
        session->pause_reading();
        break;
      case 4:
        session->resume_reading();
        break;
      case 5:
        if (next() % 4 == 0) session->close(next(), "the script says so");
        break;
      default:
        session->wake(Urgency::control);
    }
  }

  void pass(int what) {
    switch (what % 4) {
      case 0:
        world_.flush();
        break;
      case 1:
        world_.handler.refuse_with = next() % 2 == 0 ? 403 : 0;
        break;
      case 2:
        if (next() % 8 == 0) world_.http3->drain();
        break;
      default:
        world_.pass(Millis(next() * 10));
    }
  }

  void end(QuicEnd::Cause cause) {
    if (has_ended_) return;
    has_ended_ = true;
    world_.http3->on_ended({.cause = cause, .reason = {}}, world_.now);
    const auto accepted = world_.stats.sessions_accepted.read();
    check(world_.handler.log.closes.size() == accepted, "a session does not end once");
    check(world_.stats.sessions.read() == 0, "a session is left over");
    check(accepted <= 1, "there are two sessions");
    check(world_.http3->deadline() == never, "something is to be done after the end");
  }

  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }
  Bytes take(std::size_t size) {
    const Bytes taken = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

  Bytes bytes_;
  bool has_ended_ = false;
  std::set<StreamId> over_;
  wt_test::World world_{{.message_bytes_max = 20'000,
                         .early_streams_max = 6,
                         .early_datagrams_max = 4,
                         .unfinished_bytes_max = 30'000,
                         .waiting_max = 12,
                         .waiting_bytes_max = 40'000}};
};

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::Script({data, size}).run();
  return 0;
}
