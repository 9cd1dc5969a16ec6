#pragma once
// ChatSession: the life of a session on its shard, alike over both transports.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actor/shard.h"
#include "chat/session_logic.h"

namespace parley {

/// Started → joined → messages → ended. A transport derives from it, brings messages to logic(),
/// takes from its Outbox, and says goodbye in on_ending().
class ChatSession : public SessionTransport, public Timed {
 public:
  ChatSession(const ChatSession&) = delete;
  ChatSession& operator=(const ChatSession&) = delete;

  /// False once it has begun to end.
  [[nodiscard]] bool is_open() const { return is_open_; }

  /// Harmless when it has ended.
  void end(EndReason reason, std::string_view text) final;
  void on_deadline(Now now) final;

 protected:
  /// `transport` is its name in the log.
  ChatSession(Shard& shard, ChatServer& chat, const SessionSettings& settings, Identity identity,
              std::string_view transport, std::string remote_address);
  virtual ~ChatSession();

  void start_logic(const std::optional<ResumeKey>& resume, Now now);
  SessionLogic& logic() { return logic_; }
  [[nodiscard]] const SessionLogic& logic() const { return logic_; }
  [[nodiscard]] Shard& shard() { return shard_; }

  /// Takes leave of the client; the room has been left already.
  virtual void on_ending(EndReason reason, std::string_view text, Now now) = 0;
  /// When on_alarm() next has something to do; it is also called at the session's own deadline, and
  /// before that has its consequences.
  [[nodiscard]] virtual TimePoint alarm_time(Now now) const = 0;
  virtual void on_alarm(Now now) = 0;
  /// After alarm_time() has changed.
  void set_alarm(Now now);
  /// No further calls to on_alarm().
  void cancel_alarm() { alarm_.cancel(); }

  void count_message_in() { ++messages_in_; }
  void count_packets_out(std::uint64_t count) { packets_out_ += count; }

 private:
  void log_end(EndReason reason, Now now) const;

  Shard& shard_;
  const std::string_view transport_;
  const std::string remote_address_;
  Shard::Alarm alarm_;
  bool is_open_ = true;
  TimePoint started_at_{};
  std::uint64_t messages_in_ = 0;
  std::uint64_t packets_out_ = 0;
  SessionLogic logic_;
};

}  // namespace parley
