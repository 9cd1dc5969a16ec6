#include "webtransport/settings.h"

#include "webtransport/varint.h"

namespace parley {
namespace {

namespace setting {
constexpr std::uint64_t qpack_max_table_capacity = 0x01;
constexpr std::uint64_t max_field_section_size = 0x06;
constexpr std::uint64_t qpack_blocked_streams = 0x07;
constexpr std::uint64_t enable_connect_protocol = 0x08;  // RFC 9220
constexpr std::uint64_t h3_datagram = 0x33;              // RFC 9297
constexpr std::uint64_t h3_datagram_draft_04 = 0xffd277;
constexpr std::uint64_t enable_webtransport_draft_02 = 0x2b603742;
constexpr std::uint64_t webtransport_max_sessions_2022 = 0x2b603743;
constexpr std::uint64_t webtransport_max_sessions_draft_07 = 0xc671706a;
}  // namespace setting

// Settings of HTTP/2 that HTTP/3 has no place for (RFC 9114 §7.2.4.1).
constexpr bool is_of_http2(std::uint64_t id) { return id == 0 || (id >= 2 && id <= 5); }

// Which of the settings that may come once only this is, as a bit; 0 for any other.
std::uint32_t once_only(std::uint64_t id) {
  switch (id) {
    case setting::qpack_max_table_capacity:
      return 1;
    case setting::max_field_section_size:
      return 2;
    case setting::qpack_blocked_streams:
      return 4;
    case setting::enable_connect_protocol:
      return 8;
    case setting::h3_datagram:
      return 16;
    default:
      return 0;
  }
}

}  // namespace

std::vector<std::uint8_t> server_settings() {
  // Not here: 0x2c7cf000 (drafts 15 and 16), which promises RESET_STREAM_AT, and the limits of
  // WebTransport's own flow control, which would oblige us to keep it up.
  constexpr struct {
    std::uint64_t id, value;
  } settings[] = {
      {setting::qpack_max_table_capacity, 0},
      {setting::qpack_blocked_streams, 0},
      {setting::max_field_section_size, 16384},
      {setting::enable_connect_protocol, 1},
      {setting::h3_datagram, 1},
      {setting::h3_datagram_draft_04, 1},
      {setting::enable_webtransport_draft_02, 1},
      {setting::webtransport_max_sessions_2022, 1},
      {setting::webtransport_max_sessions_draft_07, 1},
  };
  std::vector<std::uint8_t> payload;
  for (const auto& [id, value] : settings) {
    append_varint(payload, id);
    append_varint(payload, value);
  }
  return payload;
}

Result<Http3Settings, Http3Violation> read_settings(Bytes payload) {
  Http3Settings settings;
  std::uint32_t seen = 0;
  while (!payload.empty()) {
    const auto id = read_varint(payload);
    const auto value = read_varint(payload);
    if (!id || !value) return tl::unexpected(Http3Violation::frame_error);

    if (is_of_http2(*id) || (seen & once_only(*id)) != 0)
      return tl::unexpected(Http3Violation::settings);
    seen |= once_only(*id);
    const bool is_flag = *id == setting::h3_datagram || *id == setting::enable_connect_protocol;
    if (is_flag && *value > 1) return tl::unexpected(Http3Violation::settings);

    if (*id == setting::h3_datagram || *id == setting::h3_datagram_draft_04)
      settings.takes_datagrams |= *value != 0;
  }
  return settings;
}

}  // namespace parley
