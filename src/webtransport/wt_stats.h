#pragma once
// WtStats: what the HTTP/3 connections and WebTransport sessions of one shard count.

#include <array>
#include <cstddef>

#include "chat/shard_stats.h"
#include "webtransport/error_code.h"

namespace parley {

/// Cells written by the shard's thread and read by whoever scrapes.
struct WtStats {
  // Gauges.
  Cell sessions;  ///< open now

  // Requests, by outcome; what was refused before the handler was asked it counts by reason.
  Cell sessions_accepted;
  Cell sessions_refused;   ///< by the handler
  Cell requests_answered;  ///< GET and HEAD
  Cell requests_refused;

  // What sessions receive.
  Cell streams_in;    ///< whole packets
  Cell datagrams_in;  ///< packets and signs of life
  Cell signs_of_life;
  Cell streams_reset;           ///< given up by the client before they were whole
  Cell messages_too_large;      ///< stopped above message_bytes_max
  Cell streams_overloaded;      ///< stopped because too many bytes were unfinished at once
  Cell messages_overflowed;     ///< dropped because too much waited while reading was paused
  Cell bidi_refused;            ///< bidirectional streams of the client
  Cell streams_late;            ///< of a session that is over
  Cell streams_early_rejected;  ///< of a session that did not come about, or too many before it
  Cell datagrams_homeless;      ///< of no session, or too many before it
  Cell frames_held;             ///< whole frames that waited for an earlier one
  Cell frames_overtaken;        ///< frames that were given up waiting for, and came after all

  // What they send.
  Cell streams_out, datagrams_out;
  Cell datagrams_refused;  ///< too large, too many, or too early
  Cell stream_credit_missing;
  Cell streams_abandoned;

  // How things go wrong.
  std::array<Cell, http3_violation_count> violations;
  Cell unknown_streams;    ///< unidirectional streams of a type we do not know, grease included
  Cell streams_headless;   ///< ended, or took too long, before they said what they are
  Cell settings_timeouts;  ///< connections whose SETTINGS did not come
  Cell session_timeouts;   ///< connections that asked for nothing
  Cell farewell_timeouts;  ///< sessions whose client did not answer the close

  Cell& violation(Http3Violation kind) { return violations[static_cast<std::size_t>(kind)]; }
};

}  // namespace parley
