#pragma once
// WsChatSession: the actor of one WebSocket connection. It moves bytes between the socket and
// SessionLogic, which does the thinking.

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actor/shard.h"
#include "chat/session_logic.h"
#include "http/http_upgrade.h"
#include "websocket/frame_decoder.h"
#include "websocket/ws_writer.h"

namespace parley {

class WsSessions;

/// Started → joined → messages → closing → ended. Owned by the WsSessions of its shard, and kept
/// alive beyond that by its own pending operations.
class WsChatSession final : public SessionTransport,
                            public Flushable,
                            public Timed,
                            public std::enable_shared_from_this<WsChatSession> {
 public:
  WsChatSession(WsSessions& owner, UpgradedSocket upgraded, Identity identity,
                std::string remote_address);
  ~WsChatSession();

  /// Answers the handshake with `answer`, joins, and reads on from `rest`, what the client sent
  /// behind its request.
  void start(std::string_view answer, Bytes rest, const std::optional<ResumeKey>& resume);
  /// Drops the connection without a word, when the whole shard ends.
  void abandon();
  /// False once it has begun to end.
  [[nodiscard]] bool is_open() const { return state_ == State::open; }

  void wake() override;
  void end(EndReason reason, std::string_view text) override;
  void resume_reading() override;
  void flush(Now now) override;
  void on_deadline(Now now) override;

 private:
  /// open: messages flow. closing: our Close frame is on its way. discarding: it is sent and our
  /// half is shut; input is thrown away until the peer is done.
  enum class State : std::uint8_t { open, closing, discarding, ended };

  void wait_readable();
  void on_readable();
  void wait_writable();
  void read_some();
  void read_unread();
  /// Acts on frames until `in` is used up or enough was done for one turn.
  void take_in(Bytes in);
  void act_on(FrameEvent event);
  void on_peer_closed(const FrameEvent& event);

  void after_close_sent(Now now);
  void lose_connection();
  void finish();
  void set_alarm(Now now);
  void log_end() const;

  WsSessions& owner_;
  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<void> ticket_;
  Shard::Alarm alarm_;
  FrameDecoder decoder_;
  SessionLogic logic_;
  WsWriter writer_;

  State state_ = State::open;
  EndReason end_reason_ = EndReason::connection_lost;
  bool flush_scheduled_ = false;
  bool waits_readable_ = false;
  bool waits_writable_ = false;
  bool taking_in_ = false;
  TimePoint started_at_{};
  TimePoint pinged_at_{};
  TimePoint closing_deadline_ = never;

  /// Read, but left for the next turn; at most one read's worth.
  std::vector<std::uint8_t> unread_;
  std::string remote_address_;
  std::uint64_t messages_in_ = 0;
};

}  // namespace parley
