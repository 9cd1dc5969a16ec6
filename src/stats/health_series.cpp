#include "stats/health_series.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "stats/family_text.h"

namespace parley {
namespace {

using prometheus::MetricType;

/// A number of one peer in one report; nothing when the report does not say.
using PeerValue = std::optional<double> (*)(const PeerHealth&);

struct PeerFamily {
  std::string_view name;
  std::string_view help;
  PeerValue value;
};

constexpr auto peer_families = std::to_array<PeerFamily>({
    {"videocall_peer_can_listen", "Whether one participant can hear another.",
     [](const PeerHealth& peer) { return std::optional<double>(peer.can_listen); }},
    {"videocall_peer_can_see", "Whether one participant can see another.",
     [](const PeerHealth& peer) { return std::optional<double>(peer.can_see); }},
    {"videocall_peer_audio_enabled", "Whether one participant takes another to be unmuted.",
     [](const PeerHealth& peer) { return std::optional<double>(peer.audio_enabled); }},
    {"videocall_peer_video_enabled", "Whether one participant takes another to send video.",
     [](const PeerHealth& peer) { return std::optional<double>(peer.video_enabled); }},
    {"videocall_neteq_audio_buffer_ms", "Audio of a peer that waits to be played, in milliseconds.",
     [](const PeerHealth& peer) {
       return peer.audio ? std::optional(peer.audio->buffer_ms) : std::nullopt;
     }},
    {"videocall_neteq_packets_awaiting_decode", "Packets of a peer's audio not decoded yet.",
     [](const PeerHealth& peer) {
       return peer.audio ? std::optional(peer.audio->packets_awaiting_decode) : std::nullopt;
     }},
    {"videocall_neteq_packets_per_sec", "Packets of a peer's audio that come each second.",
     [](const PeerHealth& peer) {
       return peer.audio ? std::optional(peer.audio->packets_per_sec) : std::nullopt;
     }},
    {"videocall_video_fps", "Frames of a peer's video that come each second.",
     [](const PeerHealth& peer) {
       return peer.video ? std::optional(peer.video->fps) : std::nullopt;
     }},
    {"videocall_video_packets_buffered", "Frames of a peer's video that wait.",
     [](const PeerHealth& peer) {
       return peer.video ? std::optional(peer.video->frames_buffered) : std::nullopt;
     }},
});

MessageOutcome outcome_of(HealthFault fault) {
  switch (fault) {
    case HealthFault::too_large:
      return MessageOutcome::too_large;
    case HealthFault::too_many_peers:
      return MessageOutcome::too_many_peers;
    case HealthFault::malformed:
      break;
  }
  return MessageOutcome::malformed;
}

bool is_stale(UnixMillis said, UnixMillis now) {
  constexpr auto memory = std::chrono::duration_cast<Millis>(health_memory).count();
  return said.count < now.count && now.count - said.count > static_cast<std::uint64_t>(memory);
}

/// Each peer once, under a name that fits into a label.
void name_peers(std::vector<PeerHealth>& peers) {
  for (PeerHealth& peer : peers) peer.peer = label_value(peer.peer);
  std::ranges::sort(peers, {}, &PeerHealth::peer);
  const auto twins = std::ranges::unique(peers, {}, &PeerHealth::peer);
  peers.erase(twins.begin(), twins.end());
}

}  // namespace

MessageOutcome HealthSeries::on_report(Bytes payload, Now now) {
  auto decoded = decode_health_report(payload);
  if (!decoded) return outcome_of(decoded.error());
  HealthReport& report = *decoded;
  if (is_stale(report.at, now.unix)) return MessageOutcome::stale;
  name_peers(report.peers);
  const Reporter reporter{label_value(report.meeting_id), label_value(report.session_id),
                          label_value(report.user_id)};

  if (!has_room(reporter, report.peers.size())) {
    if (now.monotonic >= full_until_) {
      full_until_ = now.monotonic + 1s;
      forget(now.monotonic);
    }
    if (!has_room(reporter, report.peers.size())) return MessageOutcome::table_full;
  }
  Heard& heard = reports_[reporter];
  pairs_ = pairs_ - heard.report.peers.size() + report.peers.size();
  heard = {std::move(report), now.monotonic};
  return MessageOutcome::taken;
}

bool HealthSeries::has_room(const Reporter& reporter, std::size_t peers) const {
  const auto known = reports_.find(reporter);
  if (known == reports_.end())
    return reports_.size() < health_reporters_max && pairs_ + peers <= health_pairs_max;
  return pairs_ - known->second.report.peers.size() + peers <= health_pairs_max;
}

void HealthSeries::forget(TimePoint now) {
  std::erase_if(reports_, [&](const auto& entry) {
    const Heard& heard = entry.second;
    if (now - heard.at <= health_memory) return false;
    pairs_ -= heard.report.peers.size();
    return true;
  });
}

void HealthSeries::render(std::ostream& out, TimePoint now) {
  forget(now);
  render_meetings(out);
  render_reporters(out);
  render_peers(out);
}

// Series that several reports speak of: each is written once, whoever says it.
void HealthSeries::render_meetings(std::ostream& out) const {
  using Pair = std::pair<std::string_view, std::string_view>;
  std::set<Pair> sessions, peers;
  std::map<Pair, const Heard*> selves;
  std::map<std::string_view, std::size_t> participants;
  for (const auto& [who, heard] : reports_) {
    sessions.insert({who.meeting, who.session});
    for (const PeerHealth& peer : heard.report.peers) peers.insert({who.meeting, peer.peer});
    const Heard*& self = selves[{who.meeting, who.user}];
    if (self == nullptr || heard.at >= self->at) self = &heard;
    std::size_t& seen = participants[who.meeting];
    seen = std::max(seen, heard.report.peers.size() + 1);
  }

  {
    FamilyText family(out, MetricType::Gauge, "videocall_active_sessions_total",
                      "Sessions that report their health; 1 each.");
    for (const auto& [meeting, session] : sessions)
      family.put(1, {{"meeting_id", meeting}, {"session_id", session}});
  }
  {
    FamilyText family(out, MetricType::Gauge, "videocall_meeting_participants",
                      "Participants of a meeting: the most that one of them sees, and he himself.");
    for (const auto& [meeting, count] : participants)
      family.put(static_cast<double>(count), {{"meeting_id", meeting}});
  }
  {
    FamilyText family(out, MetricType::Gauge, "videocall_peer_connections_total",
                      "Peers that somebody in the meeting has; 1 each.");
    for (const auto& [meeting, peer] : peers)
      family.put(1, {{"meeting_id", meeting}, {"peer_id", peer}});
  }
  {
    FamilyText family(out, MetricType::Gauge, "videocall_self_audio_enabled",
                      "Whether a participant says that he is unmuted.");
    for (const auto& [who, heard] : selves)
      family.put(heard->report.audio_enabled, {{"meeting_id", who.first}, {"peer_id", who.second}});
  }
  FamilyText family(out, MetricType::Gauge, "videocall_self_video_enabled",
                    "Whether a participant says that he sends video.");
  for (const auto& [who, heard] : selves)
    family.put(heard->report.video_enabled, {{"meeting_id", who.first}, {"peer_id", who.second}});
}

void HealthSeries::render_reporters(std::ostream& out) const {
  const auto render = [&](std::string name, std::string help, auto value) {
    FamilyText family(out, MetricType::Gauge, std::move(name), std::move(help));
    for (const auto& [who, heard] : reports_) {
      const HealthReport& report = heard.report;
      if (report.server_url.empty()) continue;
      family.put(value(report), {{"meeting_id", who.meeting},
                                 {"session_id", who.session},
                                 {"peer_id", who.user},
                                 {"server_url", label_value(report.server_url)},
                                 {"server_type", label_value(report.server_type)}});
    }
  };
  render("videocall_client_active_server", "The server a participant is connected to; always 1.",
         [](const HealthReport&) { return 1.0; });
  render("videocall_client_active_server_rtt_ms", "Round trip to that server, in milliseconds.",
         [](const HealthReport& report) { return report.server_rtt_ms; });
}

void HealthSeries::render_peers(std::ostream& out) const {
  const auto render = [&](std::string name, std::string help, auto value) {
    FamilyText family(out, MetricType::Gauge, std::move(name), std::move(help));
    for (const auto& [who, heard] : reports_) {
      for (const PeerHealth& peer : heard.report.peers) {
        const std::optional<double> number = value(peer);
        if (!number) continue;
        family.put(*number, {{"meeting_id", who.meeting},
                             {"session_id", who.session},
                             {"from_peer", who.user},
                             {"to_peer", peer.peer}});
      }
    }
  };
  for (const PeerFamily& family : peer_families)
    render(std::string(family.name), std::string(family.help), family.value);
  for (std::size_t i = 0; i < audio_operations.size(); ++i) {
    const std::string operation(audio_operations[i]);
    render("videocall_neteq_" + operation + "_ops_per_sec",
           "What the audio buffer does for a peer each second: " + operation + ".",
           [i](const PeerHealth& peer) {
             return peer.audio && peer.audio->operations
                        ? std::optional((*peer.audio->operations)[i])
                        : std::nullopt;
           });
  }
}

}  // namespace parley
