#include "wire/health_report.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cmath>

#include "wire/field_walker.h"
#include "wire/parse_message.h"
#include "wire/proto/health_packet.pb.h"

namespace parley {
namespace {

constexpr std::uint32_t peer_stats_field = 7;

tl::unexpected<HealthFault> refuse(HealthFault fault) { return tl::unexpected<HealthFault>(fault); }

/// Peers are counted before anything is built from them: an entry takes two bytes on the wire and
/// a hundred in memory.
Result<proto::HealthPacket, HealthFault> parse(Bytes payload) {
  if (payload.size() > health_bytes_max) return refuse(HealthFault::too_large);
  std::size_t peers = 0;
  FieldWalker walker(payload);
  for (Field field; walker.next(field);)
    if (field.number == peer_stats_field && ++peers > health_peers_max)
      return refuse(HealthFault::too_many_peers);
  proto::HealthPacket packet;
  if (!parse_message(payload, packet)) return refuse(HealthFault::malformed);
  return packet;
}

void cut_query(std::string& url) {
  const auto query = url.find_first_of("?#");
  if (query != std::string::npos) url.resize(query);
}

/// Maps come out in the order of their keys: the same report is the same bytes.
std::string serialize(const proto::HealthPacket& packet) {
  std::string bytes;
  bytes.reserve(packet.ByteSizeLong());
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    packet.SerializeToCodedStream(&out);
  }
  return bytes;
}

double sound(double value) { return std::isfinite(value) ? value : 0; }

PeerHealth::Audio read_audio(const proto::NetEqStats& stats) {
  PeerHealth::Audio audio;
  audio.buffer_ms = sound(stats.current_buffer_size_ms());
  audio.packets_awaiting_decode = sound(stats.packets_awaiting_decode());
  audio.packets_per_sec = sound(stats.packets_per_sec());
  if (!stats.network().has_operation_counters()) return audio;
  const proto::NetEqOperationCounters& counters = stats.network().operation_counters();
  audio.operations = {sound(counters.normal_per_sec()),
                      sound(counters.expand_per_sec()),
                      sound(counters.accelerate_per_sec()),
                      sound(counters.fast_accelerate_per_sec()),
                      sound(counters.preemptive_expand_per_sec()),
                      sound(counters.merge_per_sec()),
                      sound(counters.comfort_noise_per_sec()),
                      sound(counters.dtmf_per_sec()),
                      sound(counters.undefined_per_sec())};
  return audio;
}

PeerHealth read_peer(const std::string& name, const proto::PeerStats& stats) {
  PeerHealth peer;
  peer.peer = name;
  peer.can_listen = stats.can_listen();
  peer.can_see = stats.can_see();
  peer.audio_enabled = stats.audio_enabled();
  peer.video_enabled = stats.video_enabled();
  if (stats.has_neteq_stats()) peer.audio = read_audio(stats.neteq_stats());
  if (stats.has_video_stats())
    peer.video = {sound(stats.video_stats().fps_received()),
                  sound(stats.video_stats().frames_buffered())};
  return peer;
}

}  // namespace

Result<std::string, HealthFault> attributed_health_report(Bytes inner,
                                                          const HealthReporter& reporter) {
  auto packet = parse(inner);
  if (!packet) return refuse(packet.error());
  packet->set_session_id(std::to_string(reporter.session.value));
  packet->set_meeting_id(std::string(reporter.meeting_id));
  packet->set_reporting_user_id(std::string(reporter.user_id));
  packet->set_active_server_type(std::string(reporter.protocol));
  cut_query(*packet->mutable_active_server_url());
  return serialize(*packet);
}

Result<HealthReport, HealthFault> decode_health_report(Bytes payload) {
  auto packet = parse(payload);
  if (!packet) return refuse(packet.error());
  HealthReport report;
  report.session_id = std::move(*packet->mutable_session_id());
  report.meeting_id = std::move(*packet->mutable_meeting_id());
  report.user_id = std::move(*packet->mutable_reporting_user_id());
  report.at = {packet->timestamp_ms()};
  report.audio_enabled = packet->reporting_audio_enabled();
  report.video_enabled = packet->reporting_video_enabled();
  for (const auto& [name, stats] : packet->peer_stats())
    report.peers.push_back(read_peer(name, stats));
  report.server_url = std::move(*packet->mutable_active_server_url());
  cut_query(report.server_url);
  report.server_type = std::move(*packet->mutable_active_server_type());
  report.server_rtt_ms = sound(packet->active_server_rtt_ms());
  return report;
}

}  // namespace parley
