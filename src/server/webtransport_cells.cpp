#include "server/webtransport_cells.h"

namespace parley {

std::vector<NamedCell> webtransport_cells(const QuicStats& quic, const WtStats& wt) {
  std::vector<NamedCell> cells;
  const auto gauge = [&](std::string_view name, std::string_view help, const Cell& cell) {
    cells.push_back({name, help, &cell, {}, {}, true});
  };
  struct Row {
    std::string_view value;
    const Cell& cell;
  };
  const auto counters = [&](std::string_view name, std::string_view help, std::string_view label,
                            std::initializer_list<Row> rows) {
    for (const Row& row : rows) cells.push_back({name, help, &row.cell, label, row.value});
  };

  gauge("parley_quic_connections", "QUIC connections that are open.", quic.connections);
  gauge("parley_quic_handshakes_open", "QUIC handshakes under way.", quic.handshakes_open);
  gauge("parley_webtransport_sessions", "WebTransport sessions that are open.", wt.sessions);

  counters("parley_quic_datagrams_total", "UDP datagrams.", "direction",
           {{"in", quic.datagrams_in}, {"out", quic.datagrams_out}});
  counters("parley_quic_bytes_total", "Bytes in UDP datagrams.", "direction",
           {{"in", quic.bytes_in}, {"out", quic.bytes_out}});
  counters("parley_quic_system_calls_total", "System calls that received or sent datagrams.",
           "direction", {{"in", quic.receives}, {"out", quic.sends}});
  counters("parley_quic_handshakes_total", "QUIC handshakes by how they ended.", "outcome",
           {{"completed", quic.handshakes},
            {"failed", quic.handshakes_failed},
            {"timed_out", quic.handshakes_timed_out},
            {"displaced", quic.handshakes_displaced},
            {"certificate_refused", quic.certificate_refused}});
  counters("parley_quic_ended_total", "QUIC connections by what ended them.", "cause",
           {{"peer", quic.ended_by_peer},
            {"idle", quic.ended_idle},
            {"local", quic.ended_locally},
            {"error", quic.ended_by_error}});
  counters("parley_quic_answers_total", "Datagrams answered without a connection.", "kind",
           {{"retry", quic.retries},
            {"version_negotiation", quic.version_negotiations},
            {"stateless_reset", quic.stateless_resets}});
  counters("parley_quic_refused_total", "Datagrams and connections turned away.", "reason",
           {{"malformed", quic.malformed},
            {"unknown", quic.unknown},
            {"misrouted", quic.misrouted},
            {"refused", quic.refused},
            {"token_invalid", quic.tokens_invalid}});
  counters("parley_quic_unsent_total", "Datagrams that could not be sent.", "reason",
           {{"too_large", quic.datagrams_too_large},
            {"overflow", quic.datagrams_overflowed},
            {"kernel", quic.datagrams_unsent}});
  counters("parley_quic_streams_reset_unseen_total",
           "Streams that a client reset before a byte of them came.", {},
           {{{}, quic.streams_reset_unseen}});

  counters("parley_webtransport_requests_total", "HTTP/3 requests by what became of them.",
           "outcome",
           {{"session_accepted", wt.sessions_accepted},
            {"session_refused", wt.sessions_refused},
            {"answered", wt.requests_answered},
            {"refused", wt.requests_refused}});
  counters("parley_webtransport_received_total", "What sessions received.", "kind",
           {{"stream", wt.streams_in},
            {"datagram", wt.datagrams_in},
            {"sign_of_life", wt.signs_of_life}});
  counters("parley_webtransport_sent_total", "What sessions sent.", "kind",
           {{"stream", wt.streams_out}, {"datagram", wt.datagrams_out}});
  counters("parley_webtransport_not_received_total", "Streams and datagrams no packet came of.",
           "reason",
           {{"reset", wt.streams_reset},
            {"too_large", wt.messages_too_large},
            {"overloaded", wt.streams_overloaded},
            {"overflow", wt.messages_overflowed},
            {"bidirectional", wt.bidi_refused},
            {"late", wt.streams_late},
            {"early", wt.streams_early_rejected},
            {"homeless_datagram", wt.datagrams_homeless},
            {"headless", wt.streams_headless},
            {"unknown", wt.unknown_streams}});
  counters("parley_webtransport_not_sent_total", "Packets that did not go as they should.",
           "reason",
           {{"no_stream_credit", wt.stream_credit_missing},
            {"abandoned", wt.streams_abandoned},
            {"datagram_refused", wt.datagrams_refused}});
  counters("parley_webtransport_frames_total", "Video frames that did not come in their order.",
           "outcome", {{"held", wt.frames_held}, {"overtaken", wt.frames_overtaken}});
  counters("parley_webtransport_timeouts_total", "Clients that took too long.", "what",
           {{"settings", wt.settings_timeouts},
            {"session", wt.session_timeouts},
            {"farewell", wt.farewell_timeouts}});
  for (std::size_t i = 0; i < http3_violation_count; ++i)
    cells.push_back({"parley_webtransport_violations_total",
                     "Ways in which clients broke HTTP/3 or WebTransport.", &wt.violations[i],
                     "kind", name_of(static_cast<Http3Violation>(i))});
  return cells;
}

}  // namespace parley
