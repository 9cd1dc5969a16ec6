#pragma once
// SessionLogic: all of a session that is alike over both transports.

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "chat/chat_server.h"
#include "chat/congestion_tracker.h"
#include "chat/health_processor.h"
#include "chat/keyframe_limiter.h"
#include "chat/outbox.h"
#include "chat/packet_handler.h"
#include "chat/participant.h"
#include "chat/server_diagnostics.h"
#include "chat/watchers.h"

namespace parley {

/// What one session may do; the defaults are those of the configuration.
struct SessionSettings {
  OutboxLimits outbox;
  /// A session from which nothing comes for this long has ended.
  Duration idle_timeout = 30s;
  /// A client that accepts no byte for this long, while something waits, has ended.
  Duration stall_timeout = 60s;
  Watchers watchers;
};

/// What SessionLogic needs of its transport. Nothing here may destroy the session before the call
/// that caused it has returned.
class SessionTransport {
 public:
  /// Something waits in the Outbox, more urgent than all before, or losses wait to be reported:
  /// flush at the end of this turn, or a little later if only video waits.
  virtual void wake() = 0;
  /// Ends the session: what waits of the server's own is sent, then `text` tells the client why.
  virtual void end(EndReason reason, std::string_view text) = 0;
  /// wants_messages() is true again.
  virtual void resume_reading() = 0;

 protected:
  ~SessionTransport() = default;
};

/// Joins its room, judges and forwards what comes in, and queues what goes out. Pure: `now` is an
/// argument and the transport an interface. On its shard's thread.
class SessionLogic final : public Participant {
 public:
  SessionLogic(Identity identity, ChatServer& server, ShardStats& stats,
               SessionTransport& transport, const SessionSettings& settings);
  SessionLogic(const SessionLogic&) = delete;
  SessionLogic& operator=(const SessionLogic&) = delete;

  /// Joins, or ends the session with the reason.
  void start(const std::optional<ResumeKey>& resume, Now now);
  /// Leaves. The transport calls it before it destroys the session; harmless twice.
  void stop(Now now);

  /// A whole message: `packet_headroom` reserved bytes, the PacketWrapper, and room for a stamp.
  void on_message(BufferBuilder message, Now now, Channel channel = Channel::stream);
  /// Anything else that shows the client lives (a ping, a pong, text).
  void on_sign_of_life(Now now) { last_heard_ = now.monotonic; }
  /// False while something waits for the room's answer, or too much of this session is on its way
  /// to other shards: the transport then reads no further. A transport that asks after each message
  /// makes no more than one wait here.
  [[nodiscard]] bool wants_messages() const { return pending_.empty() && !paused_; }

  /// What goes to the client. The transport takes from it in its flush, and says how that went.
  Outbox& outbox() { return outbox_; }
  /// `accepted`: the client took at least a byte. `blocked`: it would not take all that waits.
  void on_flushed(bool accepted, bool blocked, Now now);
  /// The last byte of so many bytes of packets has gone to the client.
  void on_sent(std::size_t bytes) { tracker_.packet_sent(bytes); }

  [[nodiscard]] TimePoint deadline() const;
  void on_deadline(Now now);

  [[nodiscard]] TimePoint last_heard() const { return last_heard_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }
  [[nodiscard]] SessionId id() const { return id_; }
  [[nodiscard]] Standing standing() const { return standing_; }

  Delivery deliver(const Packet& packet, TimePoint now) override;
  void on_welcome(const Welcome& welcome, Now now) override;
  void on_standing(Standing standing, Now now) override;
  void on_go_on() override;
  void on_removed(EndReason reason, std::string_view text, Now now) override;

 private:
  /// A judged packet that waits for its session to become active, or a probe for the welcome.
  struct Pending {
    BufferBuilder message;
    Verdict verdict;
  };

  void act_on(BufferBuilder message, const Verdict& verdict, Now now);
  void echo(BufferBuilder message, PacketFacts facts, Now now);
  /// Answers the RTT probes that came before the welcome, which is a session's first word.
  void answer_probes(Now now);
  void request_keyframe(BufferBuilder message, const Verdict& verdict, Now now);
  void report_health(const Verdict& verdict, Now now);
  void relay(BufferBuilder message, PacketFacts facts, Now now);
  Packet stamp(BufferBuilder message, PacketFacts facts);
  void note_keyframe(PacketFacts& facts);
  void report_losses(Now now);
  /// It may not begin; `why` is for the client.
  void reject(std::string_view why, Now now);
  void end(EndReason reason, std::string_view text);

  Identity identity_;
  ChatServer& server_;
  ShardStats& stats_;
  SessionTransport& transport_;
  const SessionSettings& settings_;

  Outbox outbox_;
  SessionId id_;
  Standing standing_ = Standing::testing;
  bool welcome_ = false;
  bool activating_ = false;
  bool ended_ = false;
  bool paused_ = false;
  bool video_keyframe_seen_ = false;
  bool screen_keyframe_seen_ = false;
  KeyframeLimiter keyframes_;
  HealthLimiter health_;
  TrackerSender tracker_;
  TimePoint last_heard_{};
  TimePoint blocked_since_ = never;
  std::unique_ptr<CongestionTracker> congestion_;  ///< made at the first loss
  std::vector<Pending> pending_;
  Membership membership_;  ///< last: leaves before the rest is gone
};

}  // namespace parley
