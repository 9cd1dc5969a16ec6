#pragma once
// WsChatSession: the actor of one WebSocket connection. It moves bytes between the socket and
// SessionLogic, which does the thinking.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actor/chat_session.h"
#include "actor/partial_budget.h"
#include "http/http_upgrade.h"
#include "http/tcp_stream.h"
#include "websocket/frame_decoder.h"
#include "websocket/ws_writer.h"

namespace parley {

class WsSessions;

/// Started → joined → messages → closing → ended. Owned by the WsSessions of its shard, and kept
/// alive beyond that by its own pending operations.
class WsChatSession final : public ChatSession,
                            public Flushable,
                            private PartialBudget::Share::Owner,
                            public std::enable_shared_from_this<WsChatSession> {
 public:
  WsChatSession(WsSessions& owner, UpgradedSocket upgraded, Identity identity,
                std::string remote_address);
  ~WsChatSession() override;

  /// Answers the handshake with `answer`, joins, and reads on from `rest`, what the client sent
  /// behind its request.
  void start(std::string_view answer, Bytes rest, const std::optional<ResumeKey>& resume);
  /// Drops the connection without a word, when the whole shard ends.
  void abandon();

  void wake() override;
  void resume_reading() override;
  void flush(Now now) override;

 private:
  /// What is left to do for the connection. talking: as long as the session is open, and until our
  /// Close frame is sent. discarding: our half is shut; input is thrown away until the peer is
  /// done.
  enum class State : std::uint8_t { talking, discarding, ended };

  void on_ending(EndReason reason, std::string_view text, Now now) override;
  [[nodiscard]] TimePoint alarm_time(Now now) const override;
  void on_alarm(Now now) override;
  [[nodiscard]] TimePoint ping_time(Now now) const;

  void wait_readable();
  void on_readable();
  void wait_writable();
  void read_some();
  void discard_some();
  void read_unread();
  /// Acts on frames until `in` is used up or enough was done for one turn.
  void take_in(Bytes in);
  void act_on(FrameEvent event);
  /// For the message that is to go on. False: on_room() tells when there is some.
  bool find_room();
  void on_room() override;
  /// Ends the session if its message took too long and others wait for the room.
  void check_pace(Now now);
  void on_peer_closed(const FrameEvent& event);

  void after_close_sent();
  void lose_connection();
  void finish();

  WsSessions& owner_;
  TcpStream stream_;
  std::shared_ptr<void> ticket_;
  FrameDecoder decoder_;
  PartialBudget::Share room_;  ///< in which decoder_ puts a long message together
  TimePoint room_deadline_ = never;
  WsWriter writer_;

  State state_ = State::talking;
  bool flush_scheduled_ = false;
  bool waits_readable_ = false;
  bool has_peer_ended_ = false;
  bool waits_writable_ = false;
  bool taking_in_ = false;
  TimePoint pinged_at_{};
  TimePoint closing_deadline_ = never;

  /// Read, but left for the next turn; at most one read's worth.
  std::vector<std::uint8_t> unread_;
};

}  // namespace parley
