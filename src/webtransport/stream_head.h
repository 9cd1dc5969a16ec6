#pragma once
// StreamHead: how a unidirectional stream begins (RFC 9114 §6.2, draft-ietf-webtrans-http3 §4.1).

#include <cstdint>

#include "base/bytes.h"
#include "webtransport/varint.h"

namespace parley {

namespace uni_stream_type {
inline constexpr std::uint64_t control = 0x00;
inline constexpr std::uint64_t push = 0x01;
inline constexpr std::uint64_t qpack_encoder = 0x02;
inline constexpr std::uint64_t qpack_decoder = 0x03;
inline constexpr std::uint64_t webtransport = 0x54;
}  // namespace uni_stream_type

/// The type, and for a stream of WebTransport the session, in pieces of any size.
class StreamHead {
 public:
  /// Takes the head off the front of `in`. True once it is whole.
  bool feed(Bytes& in) { return type_.feed(in) && (!has_session() || session_.feed(in)); }

  [[nodiscard]] std::uint64_t type() const { return type_.value(); }
  [[nodiscard]] bool has_session() const { return type() == uni_stream_type::webtransport; }
  [[nodiscard]] std::uint64_t session() const { return session_.value(); }

 private:
  VarintReader type_;
  VarintReader session_;
};

/// A session is named by its CONNECT stream, which is bidirectional and the client's.
[[nodiscard]] inline bool is_session_id(std::uint64_t id) { return id % 4 == 0; }

}  // namespace parley
