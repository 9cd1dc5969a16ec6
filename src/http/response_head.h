#pragma once
// The head of an answer.

#include <string>
#include <string_view>

#include "http/http_types.h"

namespace parley {

/// How an answer is framed and who may read it.
struct ResponseFrame {
  bool close = false;
  /// The request was a HEAD: the length is said, the body is not sent.
  bool head_only = false;
  bool is_http_1_1 = true;
  std::string_view date = {};  ///< see HttpDate; empty for an answer without
};

/// Status line and headers, with the empty line that ends them. Values that would begin a new line
/// are cut at that point.
[[nodiscard]] std::string response_head(const HttpResponse& response, const ResponseFrame& frame);

/// Adds the headers that let a page of the request's origin read the answer, as the original does
/// (any origin, mirrored). Nothing is added without an Origin.
void allow_origin(const HttpRequest& request, HttpResponse& response);

/// True for the question a browser asks before an unusual request (OPTIONS with an Origin and
/// Access-Control-Request-Method).
[[nodiscard]] bool is_preflight(const HttpRequest& request);

/// The answer to a preflight: everything is allowed.
[[nodiscard]] HttpResponse preflight_answer(const HttpRequest& request);

}  // namespace parley
