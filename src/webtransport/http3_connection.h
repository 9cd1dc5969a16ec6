#pragma once
// Http3Connection: HTTP/3 as far as WebTransport needs it (RFC 9114, RFC 9220, RFC 9297), on one
// QUIC connection: which stream is what, the settings of both sides, a request or two, one session.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "quic/quic_connection.h"
#include "quic/quic_protocol.h"
#include "webtransport/error_code.h"
#include "webtransport/http3_frame.h"
#include "webtransport/http3_handler.h"
#include "webtransport/http3_request.h"
#include "webtransport/http3_rules.h"
#include "webtransport/http3_session.h"
#include "webtransport/qpack.h"
#include "webtransport/settings.h"
#include "webtransport/stream_head.h"
#include "webtransport/wt_inbox.h"
#include "webtransport/wt_stats.h"

namespace parley {

/// Answers GET and HEAD, and CONNECT for one WebTransport session, once the client's SETTINGS are
/// there. Is lenient wherever clients are known to be odd, and otherwise ends the connection with
/// the code that the RFCs name.
class Http3Connection final : public QuicProtocol {
 public:
  /// All of them outlive it.
  Http3Connection(QuicConnection& quic, Http3Handler& handler, const Http3Rules& rules,
                  PartialBudget& partial, WtStats& stats);
  ~Http3Connection() override;
  Http3Connection(const Http3Connection&) = delete;
  Http3Connection& operator=(const Http3Connection&) = delete;

  // QuicProtocol
  void on_ready(Now now) override;
  void on_stream_data(StreamId stream, Bytes bytes, bool is_last, Now now) override;
  void on_stream_reset(StreamId stream, std::uint64_t code, Now now) override;
  void on_stream_closed(StreamId stream, std::uint64_t code, Now now) override;
  void on_datagram(Bytes payload, Now now) override;
  bool pull(Urgency than, Now now) override;
  void on_flushed(bool accepted, bool blocked, Now now) override;
  [[nodiscard]] TimePoint deadline() const override;
  void on_deadline(Now now) override;
  /// Takes no further requests, and asks the client to end soon (GOAWAY, and DRAIN for its
  /// session).
  void drain() override;
  void on_ended(const QuicEnd& end, Now now) override;

 private:
  static constexpr StreamId no_stream = -1;

  /// A unidirectional stream that has not said what it is.
  struct Headless {
    StreamId stream;
    TimePoint since;
    StreamHead head;
  };
  /// A request whose HEADERS are not there whole.
  struct Request {
    StreamId stream;
    TimePoint since;
    Http3FrameReader frames{Http3FrameRules::request};
  };
  /// What is known of the stream that a call is about.
  struct Piece {
    StreamId stream;
    Bytes bytes;
    bool is_last;
  };

  void on_uni_data(Piece piece, Now now);
  void on_headless_data(Piece piece, Now now);
  void begin_uni(const StreamHead& head, std::size_t head_bytes, Piece rest, Now now);
  void begin_critical(StreamId& place, Piece piece, Now now);
  void on_critical_data(Piece piece, Now now);
  void on_control_data(Bytes bytes, Now now);
  void on_control_frame(const Http3FrameEvent& frame, Now now);
  [[nodiscard]] bool is_critical(StreamId stream) const;

  void on_bidi_data(Piece piece, Now now);
  void on_request_event(const Http3FrameEvent& event, Piece rest, Now now);
  void on_request_cut(const Request& request, Now now);
  void on_wt_bidi(std::uint64_t session, Piece piece, Now now);
  void on_headers(Bytes section, Piece rest, Now now);
  void on_connect(Http3Request request, Piece rest, Now now);
  void answer_connect(Now now);
  void refuse_connect(const Http3Response& response, Now now);
  /// A whole response; `is_last` if the request has come to its end, too.
  void answer(StreamId stream, const Http3Response& response, bool with_body, bool is_last);
  void refuse(StreamId stream, const Http3Refusal& refusal, bool is_last);
  /// Ends both ways of a stream without a response.
  void reject(StreamId stream, std::uint64_t code);
  void give_back(const Piece& piece);

  void fail(Http3Violation violation, std::string_view sentence, Now now);
  void give_up(std::uint64_t code, std::string_view reason, Now now);
  /// Last in each event.
  void settle(Now now);

  QuicConnection& quic_;
  Http3Handler& handler_;
  const Http3Rules& rules_;
  WtStats& stats_;

  StreamId control_out_ = no_stream;
  StreamId control_in_ = no_stream;
  StreamId encoder_in_ = no_stream;
  StreamId decoder_in_ = no_stream;
  Http3FrameReader control_frames_{Http3FrameRules::control};
  QpackDecoderStream decoder_stream_;
  std::optional<Http3Settings> settings_;
  std::optional<std::uint64_t> max_push_id_;
  std::optional<std::uint64_t> goaway_id_;

  std::vector<Headless> headless_;  // by age
  std::vector<Request> requests_;   // by age
  StreamId next_request_ = 0;       // above all that have come

  WtInbox inbox_;
  std::unique_ptr<Http3Request> asked_;  // the CONNECT that waits for SETTINGS
  std::unique_ptr<Http3Session> session_;

  TimePoint settings_deadline_ = never;
  TimePoint connect_deadline_ = never;
  bool is_draining_ = false;
  bool has_ended_ = false;  // nothing that still comes matters
};

}  // namespace parley
