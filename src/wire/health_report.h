#pragma once
// HealthReport: what a client says about how well it hears and sees the others (HealthPacket).

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"

namespace parley {

/// A report of a room with a hundred people is about 20 KiB.
inline constexpr std::size_t health_bytes_max = 256 * 1024;
inline constexpr std::size_t health_peers_max = 1000;

/// Why a report is not taken.
enum class HealthFault : std::uint8_t { malformed, too_large, too_many_peers };

/// Who reports, as his server knows it.
struct HealthReporter {
  SessionId session;
  std::string_view user_id;
  std::string_view meeting_id;
  std::string_view protocol;  ///< "websocket" or "webtransport"
};

/// The report that `inner`, a HEALTH packet's data, becomes on the bus: who speaks, from where and
/// by which transport is the server's word, whatever the client wrote; the address he says he is
/// connected to loses its query, where tokens are. All else stays as it is, unknown fields too.
[[nodiscard]] Result<std::string, HealthFault> attributed_health_report(
    Bytes inner, const HealthReporter& reporter);

/// What the audio buffer of a peer does, each per second: in this order.
inline constexpr auto audio_operations = std::to_array<std::string_view>(
    {"normal", "expand", "accelerate", "fast_accelerate", "preemptive_expand", "merge",
     "comfort_noise", "dtmf", "undefined"});

struct PeerHealth {
  struct Audio {
    double buffer_ms = 0;
    double packets_awaiting_decode = 0;
    double packets_per_sec = 0;
    std::optional<std::array<double, audio_operations.size()>> operations;
  };
  struct Video {
    double fps = 0;
    double frames_buffered = 0;
  };

  std::string peer;  ///< mostly his session id
  bool can_listen = false;
  bool can_see = false;
  bool audio_enabled = false;
  bool video_enabled = false;
  std::optional<Audio> audio;
  std::optional<Video> video;
};

struct HealthReport {
  std::string session_id;
  std::string meeting_id;
  std::string user_id;
  UnixMillis at;
  bool audio_enabled = false;
  bool video_enabled = false;
  std::vector<PeerHealth> peers;
  std::string server_url;  ///< without its query
  std::string server_type;
  double server_rtt_ms = 0;
};

/// Reads a report from the bus. Numbers that are none (infinities, NaN) are read as 0.
[[nodiscard]] Result<HealthReport, HealthFault> decode_health_report(Bytes payload);

}  // namespace parley
