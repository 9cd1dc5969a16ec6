#pragma once
// Requests and responses as fields: what makes a request well-formed (RFC 9114 §4.1.2, §4.3), and
// the frames of an answer.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "webtransport/http3_handler.h"
#include "webtransport/qpack.h"

namespace parley {

/// Why a request is not worth asking about: the status to answer with, a word for a counter, and a
/// sentence for the client.
struct Http3Refusal {
  int status = 400;
  std::string_view word;
  std::string_view sentence;
};

/// Reads a request; only GET, HEAD and CONNECT for WebTransport are any.
[[nodiscard]] Result<Http3Request, Http3Refusal> read_request(std::vector<Http3Field> fields);

/// The field of this name, in lower case; null if there is none.
[[nodiscard]] const std::string* find_field(const Http3Request& request, std::string_view name);

/// The HEADERS frame, and the DATA frame if `with_body`, of a response that is whole.
[[nodiscard]] std::vector<std::uint8_t> response_frames(const Http3Response& response,
                                                        bool with_body);
/// The HEADERS frame that accepts `request`, a CONNECT.
[[nodiscard]] std::vector<std::uint8_t> accepting_frame(const Http3Request& request);

}  // namespace parley
