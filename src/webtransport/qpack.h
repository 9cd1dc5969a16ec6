#pragma once
// QPACK without a dynamic table (RFC 9204): field sections by nghttp3, and the two streams on which
// clients may say next to nothing.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "webtransport/varint.h"

namespace parley {

/// A name in lower case and its value.
using Http3Field = std::pair<std::string, std::string>;

inline constexpr std::size_t fields_max = 64;
/// All names and values of one section together, decoded.
inline constexpr std::size_t fields_bytes_max = 32 * 1024;

enum class QpackFailure : std::uint8_t {
  /// The section cannot be decoded, which ends the connection (RFC 9204 §2.2).
  malformed,
  /// It can, but says more than we are willing to hold.
  too_large,
};

/// Decodes the payload of a HEADERS frame.
[[nodiscard]] Result<std::vector<Http3Field>, QpackFailure> decode_fields(Bytes section);

/// The payload of a HEADERS frame with these fields.
[[nodiscard]] std::vector<std::uint8_t> encode_fields(std::span<const Http3Field> fields);

/// True if a client's QPACK encoder may say this to us, who granted it no table: it sets the
/// capacity to what it is, 0 (RFC 9204 §4.3.1). Any insertion is an error.
[[nodiscard]] bool is_legal_encoder_stream(Bytes piece);

/// Reads what a client's QPACK decoder says, in pieces of any size. Since our sections refer to no
/// table there is nothing to acknowledge; it may only cancel streams (RFC 9204 §4.4.2).
class QpackDecoderStream {
 public:
  /// False once it says what it must not.
  [[nodiscard]] bool feed(Bytes piece);

 private:
  std::uint8_t number_bytes_ = 0;  // of a stream id that goes on; 0 between instructions
};

}  // namespace parley
