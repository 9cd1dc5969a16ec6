#include "webtransport/error_code.h"

#include <array>

namespace parley {
namespace {

// The codes of an application lie in this range, and every 31st number of it, which HTTP/3 reserves
// for greasing (RFC 9114 §8.1), is left out.
constexpr std::uint64_t first_application_code = 0x52e4a40fa8db;
constexpr std::uint64_t last_application_code = 0x52e5ac983162;
constexpr std::uint64_t grease_offset = 0x21;
constexpr std::uint64_t grease_step = 0x1f;

struct Row {
  std::string_view name;
  std::uint64_t code;
};

constexpr std::array<Row, http3_violation_count> rows = {{
    {"frame_unexpected", http3_code::frame_unexpected},
    {"frame_error", http3_code::frame_error},
    {"stream_creation", http3_code::stream_creation_error},
    {"closed_critical_stream", http3_code::closed_critical_stream},
    {"missing_settings", http3_code::missing_settings},
    {"settings", http3_code::settings_error},
    {"id", http3_code::id_error},
    {"message", http3_code::message_error},
    {"datagram", http3_code::datagram_error},
    {"qpack_decompression", http3_code::qpack_decompression_failed},
    {"qpack_encoder_stream", http3_code::qpack_encoder_stream_error},
    {"qpack_decoder_stream", http3_code::qpack_decoder_stream_error},
    {"excessive_load", http3_code::excessive_load},
}};

const Row& row_of(Http3Violation violation) { return rows[static_cast<std::size_t>(violation)]; }

}  // namespace

std::uint64_t http3_code_of(std::uint32_t application_code) {
  return first_application_code + application_code + application_code / (grease_step - 1);
}

std::optional<std::uint32_t> application_code_of(std::uint64_t http3_code) {
  if (http3_code < first_application_code || http3_code > last_application_code)
    return std::nullopt;
  if ((http3_code - grease_offset) % grease_step == 0) return std::nullopt;
  const std::uint64_t shifted = http3_code - first_application_code;
  return static_cast<std::uint32_t>(shifted - shifted / grease_step);
}

std::string_view name_of(Http3Violation violation) { return row_of(violation).name; }

std::uint64_t code_of(Http3Violation violation) { return row_of(violation).code; }

}  // namespace parley
