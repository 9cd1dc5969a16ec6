#pragma once
// The opening handshake, server side (RFC 6455 §4.2).

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/http_types.h"

namespace parley {

/// The value of Sec-WebSocket-Accept for a client that asks properly, or else the answer that
/// refuses it. Versions 7 and 8 are those of drafts that frame like 13; the original relay takes
/// them, too.
[[nodiscard]] Result<std::string, HttpResponse> check_handshake(const HttpRequest& request);

/// The whole head of the answer that opens the WebSocket; frames follow it at once.
[[nodiscard]] std::string handshake_answer(std::string_view accept);

}  // namespace parley
