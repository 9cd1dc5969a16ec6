#pragma once
// HealthSeries: what clients report about hearing and seeing each other, as series.

#include <compare>
#include <cstddef>
#include <iosfwd>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "stats/message_outcome.h"
#include "wire/health_report.h"

namespace parley {

/// Who is not heard of for so long is forgotten; a report that is older when it comes is ignored.
inline constexpr Duration health_memory = 30s;
/// What may be remembered at once: clients who report, and the peers in all their reports. Each of
/// these has up to twenty series.
inline constexpr std::size_t health_reporters_max = 20'000;
inline constexpr std::size_t health_pairs_max = 20'000;

/// Keeps the last report of each client and shows what stands in it: so a peer who is in it no more
/// has no series any more, and with its last report a client's series go, all of them. One thread.
class HealthSeries {
 public:
  /// `payload` is a HealthPacket, from whomever.
  MessageOutcome on_report(Bytes payload, Now now);

  /// Writes all series.
  void render(std::ostream& out, TimePoint now);

  [[nodiscard]] std::size_t reporters() const { return reports_.size(); }
  [[nodiscard]] std::size_t pairs() const { return pairs_; }

 private:
  struct Reporter {
    std::string meeting;
    std::string session;
    std::string user;
    friend auto operator<=>(const Reporter&, const Reporter&) = default;
  };
  struct Heard {
    HealthReport report;
    TimePoint at;
  };
  using Reports = std::map<Reporter, Heard>;

  void forget(TimePoint now);
  [[nodiscard]] bool has_room(const Reporter& reporter, std::size_t peers) const;
  void render_reporters(std::ostream& out) const;
  void render_meetings(std::ostream& out) const;
  void render_peers(std::ostream& out) const;

  Reports reports_;
  std::size_t pairs_ = 0;
  TimePoint full_until_{};  ///< a full table is looked through once a second
};

}  // namespace parley
