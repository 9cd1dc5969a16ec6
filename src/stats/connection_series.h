#pragma once
// ConnectionSeries: which connections the servers of a fleet have, as series.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "stats/message_outcome.h"
#include "wire/connection_event.h"

namespace parley {

/// An event that is older when it comes is ignored, and a connection of which only the start was
/// heard is believed in for so long.
inline constexpr Duration connection_event_age_max = 30s;
/// A connection whose server tells no more of it is gone after this, or after twice the time
/// between its last two events if that is longer (at most connection_memory_max).
inline constexpr Duration connection_memory = 10s;
inline constexpr Duration connection_memory_max = 5min;
/// Connections remembered at once; each has up to five series.
inline constexpr std::size_t connections_max = 50'000;

/// Keeps the last event of each connection. One that has ended counts as gone at once; its bytes
/// can be read for connection_memory more. One thread.
class ConnectionSeries {
 public:
  /// `payload` is a ServerConnectionPacket, from whomever.
  MessageOutcome on_event(Bytes payload, Now now);

  /// Writes all series.
  void render(std::ostream& out, TimePoint now);

  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  /// What the series of a connection are labelled with. A session has several when it moves.
  struct Names {
    std::string session;
    std::string protocol;
    std::string user;
    std::string meeting;
    std::string server;
    std::string region;
    friend auto operator<=>(const Names&, const Names&) = default;
  };
  struct Connection {
    TimePoint heard_at;
    TimePoint gone_at;
    UnixMillis started;  ///< 0 when the start was not heard
    DataTransfer data;
    bool has_data = false;
    bool has_ended = false;
  };

  [[nodiscard]] static Names names_of(const ConnectionEvent& event);
  void end(const Names& names, const ConnectionEvent& event, Now now);
  void forget(TimePoint now);
  [[nodiscard]] bool has_room(const Names& names, TimePoint now);
  void render_living(std::ostream& out) const;
  void render_data(std::ostream& out) const;

  std::map<Names, Connection> connections_;
  std::uint64_t events_ = 0;
  TimePoint full_until_{};  ///< a full table is looked through once a second
};

}  // namespace parley
