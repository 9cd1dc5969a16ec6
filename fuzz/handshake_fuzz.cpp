// The opening handshake: any head is either opened with a well-formed answer or refused with a 4xx
// status, and what opens it has everything RFC 6455 §4.2.1 asks for.
//
// Input: the head of a request, or anything else.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/request_head.h"
#include "websocket/handshake.h"

namespace parley {
namespace {

void run(std::string_view input) {
  const auto request = read_request_head(input);
  if (!request) return;

  const auto accept = check_handshake(*request);
  if (!accept) {
    check(accept.error().status >= 400 && accept.error().status < 500, "a refusal is no refusal");
    return;
  }
  check(accept->size() == 28 && accept->ends_with('='), "the accept value is not 20 bytes");
  check(accept->find_first_of("\r\n ") == std::string::npos, "the accept value breaks its line");
  check(handshake_answer(*accept).ends_with(*accept + "\r\n\r\n"), "the answer is cut");
  check(request->method == "GET" && request->is_http_1_1, "another request has opened it");
  check(request->header("Sec-WebSocket-Key").size() == 24, "another key has opened it");
}

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
