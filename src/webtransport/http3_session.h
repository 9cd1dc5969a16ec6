#pragma once
// Http3Session: one WebTransport session as it is on the wire of an HTTP/3 connection: its CONNECT
// stream, the streams it opens, its datagrams and its end
// (draft-ietf-webtrans-http3-02, with what later drafts changed and clients do).

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "quic/quic_connection.h"
#include "webtransport/capsule.h"
#include "webtransport/http3_frame.h"
#include "webtransport/http3_rules.h"
#include "webtransport/out_streams.h"
#include "webtransport/wt_inbox.h"
#include "webtransport/wt_session.h"
#include "webtransport/wt_stats.h"

namespace parley {

/// Asked → open → ending → farewell → over. It ends in one of three ways: by close(), which lets
/// the last control packets arrive and be read before it says so (ending) and then waits for the
/// client to hang up (farewell); by the client, which gets its answer and time to have it
/// (farewell); or with the connection (over).
class Http3Session final : public WtSession {
 public:
  /// Of the CONNECT stream `connect_stream`, whose HEADERS have been read.
  Http3Session(QuicConnection& quic, WtInbox& inbox, const Http3Rules& rules, WtStats& stats,
               StreamId connect_stream);
  ~Http3Session();
  Http3Session(const Http3Session&) = delete;
  Http3Session& operator=(const Http3Session&) = delete;

  [[nodiscard]] StreamId connect_stream() const { return connect_; }
  /// It has not been answered, and the client has not taken it back.
  [[nodiscard]] bool is_asked() const { return state_ == State::asked && !close_; }
  /// The connection may go.
  [[nodiscard]] bool is_over() const { return state_ == State::over; }

  /// The client has been answered with 200.
  void open(std::unique_ptr<WtSessionEvents> events, Now now);

  /// What follows the HEADERS on the CONNECT stream. Returns what was broken, if the connection has
  /// to end for it.
  std::optional<Http3FrameEvent> on_connect_data(Bytes bytes, bool is_last, Now now);
  void on_connect_reset(Now now);
  /// Both ways of the CONNECT stream are over.
  void on_connect_closed(Now now);
  /// A stream of ours is over.
  void on_out_stream_closed(StreamId stream, Now now);
  [[nodiscard]] bool pull(Urgency than, Now now);
  void on_flushed(bool accepted, bool blocked, Now now);
  /// Asks the client to end soon (DRAIN_WEBTRANSPORT_SESSION).
  void drain();
  /// The connection has ended, or must.
  void end(const WtClose& close, Now now);

  /// To be called last in everything that happens on the connection: takes the steps that are due.
  void settle(Now now);
  [[nodiscard]] TimePoint deadline() const;

  // WtSession
  std::optional<StreamId> send(Packet packet, Urgency urgency) override;
  [[nodiscard]] std::uint64_t streams_left() const override;
  bool send_datagram(const Packet& packet) override;
  void abandon(StreamId stream) override;
  void pause_reading() override;
  void resume_reading() override;
  void wake(Urgency urgency) override;
  void close(std::uint32_t code, std::string_view reason) override;
  [[nodiscard]] std::string remote_address() const override;

 private:
  enum class State : std::uint8_t { asked, open, ending, farewell, over };

  void on_capsules(Bytes payload, Now now);
  void on_client_end(WtClose::Cause cause, std::uint32_t code, std::string reason, Now now);
  void fail_stream(std::string_view sentence);
  void reset_out_streams(bool control_too);
  void say_farewell();
  void tell_closed(Now now);

  QuicConnection& quic_;
  WtInbox& inbox_;
  const Http3Rules& rules_;
  WtStats& stats_;
  const StreamId connect_;
  State state_ = State::asked;
  std::unique_ptr<WtSessionEvents> events_;
  Http3FrameReader frames_{Http3FrameRules::tunnel};
  CapsuleParser capsules_;
  OutStreams out_;
  /// The head of a stream of this session, and of a datagram.
  std::array<std::uint8_t, 2 + varint_bytes_max> stream_head_;
  std::uint8_t stream_head_bytes_;
  std::array<std::uint8_t, varint_bytes_max> datagram_head_;
  std::uint8_t datagram_head_bytes_;

  bool datagrams_may_go_ = false;  // the client has surely seen the 200
  bool connect_in_ended_ = false;
  bool connect_closed_ = false;
  std::optional<WtClose> close_;  // how it ends, once it does
  TimePoint opened_at_{};
  TimePoint until_ = never;  // of the state, when it is one that passes
};

}  // namespace parley
