#pragma once
// ServerDiagnostics: tells those who watch which connections a shard has, and what they carry.

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "chat/diagnostics_sink.h"
#include "chat/recent_connections.h"
#include "wire/connection_event.h"
#include "wire/diagnostics_subject.h"

namespace parley {

struct DiagnosticsRules {
  ServerPlace place;
  /// How often each connection's bytes are told.
  Duration interval = 5s;
};

class ServerDiagnostics;

/// One connection, as far as the diagnostics go; its session holds it and counts in it. On the
/// session's shard. The place in memory must not change.
class TrackerSender {
 public:
  /// Without `diagnostics` it only counts. Both references outlive this.
  TrackerSender(ServerDiagnostics* diagnostics, const Identity& identity, std::string_view protocol)
      : diagnostics_(diagnostics), identity_(identity), protocol_(protocol) {}
  ~TrackerSender();
  TrackerSender(const TrackerSender&) = delete;
  TrackerSender& operator=(const TrackerSender&) = delete;

  /// As soon as the session's id is known: a connection that ends before is never told of. It is
  /// told as a reconnection if the session `resumes`, or the user was in this meeting before and
  /// has left within reconnection_memory; a second tab or a candidate beside another is none.
  void connection_started(SessionId session, bool resumes, Now now);
  /// Harmless when it has not started or has ended.
  void connection_ended(Now now);

  /// A packet came from the client, whatever became of it; pings are no packets.
  void packet_received(std::size_t bytes) { data_.received += bytes; }
  /// The last byte of a packet was handed to the transport. What waited and was dropped does not
  /// count; everything that went does: relayed packets, echoes and the server's own words.
  void packet_sent(std::size_t bytes) { data_.sent += bytes; }

  [[nodiscard]] const DataTransfer& data() const { return data_; }

 private:
  friend class ServerDiagnostics;
  struct Due {
    TimePoint at;
    TrackerSender* tracker;
  };

  ServerDiagnostics* const diagnostics_;
  const Identity& identity_;
  const std::string_view protocol_;
  SessionId session_;  ///< 0 while there is nothing to tell
  TimePoint started_at_{};
  DataTransfer data_;
  std::list<Due>::iterator due_;
};

/// One per shard. CONNECTION_STARTED and CONNECTION_ENDED go out at once, DATA_TRANSFERRED with the
/// totals so far each `interval` after the start, if there are any: bytes are sampled, not told.
class ServerDiagnostics {
 public:
  /// A turn of the loop tells of no more than this many connections.
  static constexpr std::size_t samples_per_turn = 64;

  /// `recent` and `sink` outlive this.
  ServerDiagnostics(const DiagnosticsRules& rules, RecentConnections& recent,
                    DiagnosticsSink& sink);
  ~ServerDiagnostics();
  ServerDiagnostics(const ServerDiagnostics&) = delete;
  ServerDiagnostics& operator=(const ServerDiagnostics&) = delete;

  /// When on_deadline() next has something to do. In the past when one turn was not enough.
  [[nodiscard]] TimePoint deadline() const { return due_.empty() ? never : due_.front().at; }
  void on_deadline(Now now);

  [[nodiscard]] std::size_t connections() const { return due_.size(); }

 private:
  friend class TrackerSender;
  void start(TrackerSender& tracker, bool resumes, Now now);
  void end(TrackerSender& tracker, Now now);
  void sample(const TrackerSender& tracker, Now now);
  /// An event about this connection with nothing but its names and the time.
  [[nodiscard]] ConnectionEvent event(ConnectionEvent::Kind kind, const TrackerSender& tracker,
                                      Now now) const;
  void send(const ConnectionEvent& event);

  const DiagnosticsRules rules_;
  const std::string subject_;
  RecentConnections& recent_;
  DiagnosticsSink& sink_;
  /// All have the same interval, so who is appended is due last.
  std::list<TrackerSender::Due> due_;
};

}  // namespace parley
