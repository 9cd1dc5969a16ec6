#pragma once
// Codes with which streams and connections end: HTTP/3's, WebTransport's, and those of the sessions
// above, which WebTransport maps into HTTP/3's space.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley {

/// RFC 9114 §8.1, RFC 9204 §6, RFC 9297 §5.2.
namespace http3_code {
inline constexpr std::uint64_t no_error = 0x100;
inline constexpr std::uint64_t general_protocol_error = 0x101;
inline constexpr std::uint64_t stream_creation_error = 0x103;
inline constexpr std::uint64_t closed_critical_stream = 0x104;
inline constexpr std::uint64_t frame_unexpected = 0x105;
inline constexpr std::uint64_t frame_error = 0x106;
inline constexpr std::uint64_t excessive_load = 0x107;
inline constexpr std::uint64_t id_error = 0x108;
inline constexpr std::uint64_t settings_error = 0x109;
inline constexpr std::uint64_t missing_settings = 0x10a;
inline constexpr std::uint64_t request_rejected = 0x10b;
inline constexpr std::uint64_t request_cancelled = 0x10c;
inline constexpr std::uint64_t request_incomplete = 0x10d;
inline constexpr std::uint64_t message_error = 0x10e;
inline constexpr std::uint64_t qpack_decompression_failed = 0x200;
inline constexpr std::uint64_t qpack_encoder_stream_error = 0x201;
inline constexpr std::uint64_t qpack_decoder_stream_error = 0x202;
inline constexpr std::uint64_t datagram_error = 0x33;
}  // namespace http3_code

/// draft-ietf-webtrans-http3 §9.5.
namespace wt_code {
inline constexpr std::uint64_t buffered_stream_rejected = 0x3994bd84;
inline constexpr std::uint64_t session_gone = 0x170d7b68;
}  // namespace wt_code

/// What we tell a client with the end of one of its session's streams; below 256, because one
/// browser shows no larger ones.
enum class StreamRefusal : std::uint8_t {
  stale = 1,          ///< a packet that has become too old to be worth its bytes
  too_large = 2,      ///< a packet above the limit
  bidirectional = 3,  ///< packets come on unidirectional streams
  overload = 4,       ///< too much is under way at once
};

/// An application's code in HTTP/3's space (draft-ietf-webtrans-http3-02 §4.3, with 32 bits as
/// every client has it today).
[[nodiscard]] std::uint64_t http3_code_of(std::uint32_t application_code);
[[nodiscard]] inline std::uint64_t http3_code_of(StreamRefusal refusal) {
  return http3_code_of(static_cast<std::uint32_t>(refusal));
}
/// The way back; nothing if the code is none of an application's.
[[nodiscard]] std::optional<std::uint32_t> application_code_of(std::uint64_t http3_code);

/// How a client can break HTTP/3 or WebTransport.
enum class Http3Violation : std::uint8_t {
  frame_unexpected,
  frame_error,
  stream_creation,
  closed_critical_stream,
  missing_settings,
  settings,
  id,
  message,  ///< of the CONNECT stream alone
  datagram,
  qpack_decompression,
  qpack_encoder_stream,
  qpack_decoder_stream,
  excessive_load,
};
inline constexpr std::size_t http3_violation_count = 13;
[[nodiscard]] std::string_view name_of(Http3Violation violation);
[[nodiscard]] std::uint64_t code_of(Http3Violation violation);

}  // namespace parley
