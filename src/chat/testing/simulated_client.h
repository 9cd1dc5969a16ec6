#pragma once
// For tests: one simulated client with its session, and what it insists on seeing.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat/session_logic.h"
#include "chat/testing/packets.h"

namespace parley::simulated {

/// Somebody with one session at a time, and the secret with which to resume it.
struct Persona {
  std::uint32_t number = 0;
  Identity identity;
  std::optional<ResumeKey> secret;
  bool has_connected = false;
  std::uint32_t epochs = 0;
};

/// How fast a client takes what waits for it. One that has once been slow may miss packets for
/// ever.
enum class Speed : std::uint8_t { keeps_up, slow, stalled };

/// What relayed packets are counted by: observers get only the first kind.
enum class Channel : std::uint8_t { other, media };

class Client;

/// What a client needs of the world around it.
class World {
 public:
  [[nodiscard]] virtual Now now() const = 0;
  /// A promise is broken; `what` goes on after the client's name.
  virtual void fault(const Client& client, const std::string& what) = 0;
  /// The client has output: flush it at the end of this turn.
  virtual void wake(Client& client) = 0;
  /// Everything the client has sent so far, up to `last` of `channel`, was relayed just now.
  virtual void published(Client& client, Channel channel, std::uint64_t first) = 0;
  virtual void assigned(Client& client) = 0;
  virtual void announced(Client& client, const Reading& reading) = 0;
  [[nodiscard]] virtual const Client& client(std::uint32_t number) const = 0;

 protected:
  ~World() = default;
};

/// A connection and its SessionLogic: sends numbered packets, and judges what it is sent.
class Client final : public SessionTransport {
 public:
  Client(World& world, std::uint32_t its_number, Persona& whose, ShardIndex where,
         ChatServer& server, ShardStats& stats, const SessionSettings& settings)
      : number(its_number),
        persona(whose),
        shard(where),
        world_(world),
        settings_(settings),
        logic_(std::make_unique<SessionLogic>(whose.identity, server, stats, *this, settings)) {}

  const std::uint32_t number;
  Persona& persona;
  const ShardIndex shard;
  /// Counts those connections of its persona of which something was relayed, in that order.
  std::uint32_t epoch = 0;

  SessionId session;       ///< once it has read it, or the server has relayed for it
  bool resumes = false;    ///< may wait, so it need not see everything from its welcome on
  bool acted = false;      ///< has sent something other than a probe
  bool activated = false;  ///< something of it other than a probe was acted upon
  bool kept_up = true;     ///< was never slow
  bool silent = false;     ///< shows no sign of life
  Speed speed = Speed::keeps_up;
  std::vector<std::uint64_t> fences;  ///< by shard: how far it must have come to know this client
  std::map<Channel, std::uint64_t> published;
  std::vector<std::string> roster;

  /// What this client has heard from another one on a channel. From the first packet on that was
  /// published when this client was known everywhere, it must hear each; of earlier ones, which
  /// were on their way, it may hear some.
  struct Heard {
    std::uint64_t last = 0;
    std::uint64_t expected_from = 0;
  };
  std::map<std::pair<std::uint32_t, Channel>, Heard> heard;

  [[nodiscard]] bool open() const { return !ended_; }
  /// It has read that it is welcome.
  [[nodiscard]] bool welcomed() const { return !fences.empty(); }
  /// It is certainly no longer waiting for the session it resumes.
  [[nodiscard]] bool knows_itself_in() const { return welcomed() && (!resumes || activated); }
  [[nodiscard]] const Identity& identity() const { return persona.identity; }
  [[nodiscard]] bool is_participant() const { return identity().role == Role::participant; }
  [[nodiscard]] bool wants(Channel channel) const {
    return channel == Channel::other || is_participant();
  }
  [[nodiscard]] bool has_heard(SessionId other) const {
    return std::ranges::any_of(
        streams_, [other](const auto& stream) { return std::get<0>(stream.first) == other; });
  }
  SessionLogic* logic() { return logic_.get(); }
  [[nodiscard]] const SessionLogic* logic() const { return logic_.get(); }
  [[nodiscard]] std::uint64_t echoes_missing() const { return probes_ - echoes_; }

  void start() { logic_->start(persona.secret, world_.now()); }
  /// Leaves, or is lost: the server sees the same.
  void hang_up() { end(EndReason::client_closed, {}); }
  /// After the turn in which it ended.
  void bury() {
    if (ended_) logic_.reset();
  }

  // Sending.

  /// While the room's answer is awaited, a transport reads on no further than what it has read;
  /// while too much is on its way to other shards, not at all.
  bool may_send() {
    if (logic_->wants_messages()) sent_while_waiting_ = 0;
    return logic_->wants_messages() || (!is_active() && ++sent_while_waiting_ <= 4);
  }
  void send_media(MediaType media, std::string_view frame_type, std::size_t bytes) {
    send(media_wrapper(media, frame_type, numbered(Channel::media), bytes));
  }
  void send_other(PacketType type, std::size_t bytes) {
    send(wrapper_of(type, std::string(bytes, 'x'), numbered(Channel::other)));
  }
  void send_probe() {
    ++probes_;
    give(media_wrapper(MediaType::rtt, {}, "probe " + std::to_string(number)));
  }
  void request_keyframe(const std::string& wanted) {
    send(media_wrapper(MediaType::keyframe_request, {}, "request " + std::to_string(number), 0,
                       wanted));
  }
  /// What no client may ever see.
  void send_forbidden(std::uint32_t kind) {
    static constexpr PacketType types[] = {PacketType::meeting, PacketType::session_assigned,
                                           PacketType::congestion, PacketType::health};
    if (kind % 5 == 4)
      send("\xff\xff\xff");
    else
      send(wrapper_of(types[kind % 5], "x", "forbidden"));
  }

  // The transport.

  void wake() override {
    if (std::exchange(woken_, true)) return;
    world_.wake(*this);
  }
  void end(EndReason reason, std::string_view) override {
    if (std::exchange(ended_, true)) return;
    end_reason = reason;
    logic_->stop(world_.now());
  }
  void resume_reading() override { note_published(); }

  /// The end of a turn in which it was woken: takes what it can.
  void flush() {
    woken_ = false;
    if (ended_) return;
    const Now now = world_.now();
    if (blocked_) {
      logic_->on_flushed(false, true, now);
      return;
    }
    write(now);
  }
  /// The client's socket takes more now.
  void read_on(std::size_t bytes) {
    if (ended_ || speed == Speed::stalled) return;
    allowance_ = bytes;
    blocked_ = false;
    write(world_.now());
  }
  void set_speed(Speed to) {
    speed = to;
    if (to != Speed::keeps_up) kept_up = false;
  }

  EndReason end_reason = EndReason::client_closed;

 private:
  /// The name of the next packet: who, on which connection, and its numbers.
  std::string numbered(Channel channel) {
    if (!is_participant()) return "forbidden";
    return std::to_string(number) + (channel == Channel::media ? " m " : " o ") +
           std::to_string(++sent_[channel]) + " " + std::to_string(++total_);
  }

  [[nodiscard]] bool is_active() const { return logic_->standing() == Standing::active; }

  /// Anything but a probe.
  void send(const std::string& wrapper) {
    acted = true;
    give(wrapper);
    if (!ended_ && is_active()) note_published();
  }
  void give(const std::string& wrapper) { logic_->on_message(message_of(wrapper), world_.now()); }

  void note_published() {
    if (acted && !std::exchange(activated, true)) epoch = ++persona.epochs;
    if (acted) session = logic_->id();
    for (const auto& [channel, count] : sent_) {
      std::uint64_t& before = published[channel];
      if (before == count) continue;
      const std::uint64_t first = before + 1;
      before = count;
      world_.published(*this, channel, first);
    }
  }

  void write(Now now) {
    Outbox& outbox = logic_->outbox();
    if (outbox.bytes() > settings_.outbox.bytes && outbox.packets() > 1)
      fault("has " + std::to_string(outbox.bytes()) + " bytes waiting");
    bool accepted = false;
    while (auto entry = outbox.take(now.monotonic)) {
      const std::size_t size = entry->packet.frame().size();
      if (speed != Speed::keeps_up && size > allowance_) {
        outbox.put_back(std::move(*entry));
        blocked_ = true;
        break;
      }
      if (speed != Speed::keeps_up) allowance_ -= size;
      accepted = true;
      judge(entry->packet);
    }
    outbox.end_flush();
    logic_->on_flushed(accepted, blocked_, now);
  }

  void fault(const std::string& what) { world_.fault(*this, what); }

  void judge(const Packet& packet) {
    const Reading reading(packet);
    ++received_;
    if (packet.facts().from_server) {
      judge_notice(reading);
      return;
    }
    const auto envelope = walk_envelope(packet.wrapper());
    if (!envelope) {
      fault("got a packet that is none");
      return;
    }
    if (received_ <= 2) fault("heard others before the server");
    const std::string name(as_text(envelope->user_id));
    const MediaType media = packet.facts().media;
    if (envelope->type == PacketType::media && media != MediaType::rtt && !is_participant())
      fault("observes and got media");
    if (media == MediaType::rtt) {
      ++echoes_;
      if (name != "probe " + std::to_string(number)) fault("got the echo of '" + name + "'");
    } else if (media == MediaType::keyframe_request) {
      judge_request(*envelope, name);
    } else {
      judge_relayed(*envelope, name, media);
    }
  }

  void judge_notice(const Reading& reading) {
    const bool assigns = reading.line().starts_with("assigned");
    if (assigns != (received_ == 1))
      fault("got as packet " + std::to_string(received_) + ": " + reading.line());
    if ((reading.event == 1) < (received_ == 2)) fault("got second: " + reading.line());
    if (!reading.room.empty() && reading.room != identity().room.value)
      fault("heard of room " + reading.room);
    if (assigns) {
      session = reading.session;
      world_.assigned(*this);
    } else if (reading.line().starts_with("congestion")) {
      if (reading.session != session) fault("got the congestion notice of another");
    } else {
      world_.announced(*this, reading);
    }
  }

  void judge_request(const Envelope& envelope, const std::string& name) {
    const auto media = walk_media(envelope.data);
    const std::string wanted(as_text(media->user_id));
    if (wanted != identity().user_id && wanted != "nobody")
      fault("got a keyframe request for " + wanted);
    if (name == "request " + std::to_string(number)) fault("got its own keyframe request");
  }

  void judge_relayed(const Envelope& envelope, const std::string& name, MediaType media) {
    unsigned from = 0;
    char kind = 0;
    unsigned long long index = 0;
    unsigned long long total = 0;
    if (std::sscanf(name.c_str(), "%u %c %llu %llu", &from, &kind, &index, &total) != 4) {
      fault("got what nobody may get: " + name);
      return;
    }
    const Client& sender = world_.client(from);
    const std::string text = "packet '" + name + "'";
    if (from == number) fault("got its own " + text);
    if (sender.identity().room != identity().room) fault("got from another room " + text);
    if (envelope.session_id != sender.session) fault("got under a wrong session " + text);

    // In order, whatever is lost: per session, over its connections, and kind of media.
    auto& last_of_stream = streams_[{envelope.session_id, envelope.type, media}];
    const auto place = std::pair(sender.epoch, std::uint64_t{total});
    if (place <= last_of_stream) fault("got out of order " + text);
    last_of_stream = place;

    // Without a gap, if it has kept up.
    Heard& from_sender = heard[{from, kind == 'm' ? Channel::media : Channel::other}];
    const std::uint64_t last = std::exchange(from_sender.last, index);
    if (!kept_up) return;
    const std::uint64_t expected = from_sender.expected_from;
    if (expected != 0 && index >= expected && index != std::max(last + 1, expected))
      fault("had number " + std::to_string(last) + " (of those from " + std::to_string(expected) +
            " on) before " + text);
    std::uint64_t& last_total = totals_[from];
    if (total <= last_total) fault("kept up and got out of order " + text);
    last_total = total;
  }

  World& world_;
  const SessionSettings& settings_;
  std::unique_ptr<SessionLogic> logic_;
  bool ended_ = false;
  bool woken_ = false;
  bool blocked_ = false;
  int sent_while_waiting_ = 0;
  std::size_t allowance_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t probes_ = 0;
  std::uint64_t echoes_ = 0;
  std::uint64_t total_ = 0;
  std::map<Channel, std::uint64_t> sent_;
  std::map<std::tuple<SessionId, PacketType, MediaType>, std::pair<std::uint32_t, std::uint64_t>>
      streams_;
  std::unordered_map<std::uint32_t, std::uint64_t> totals_;
};

}  // namespace parley::simulated
