#pragma once
// HttpRequest and HttpResponse: what a handler sees of HTTP.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace parley {

/// One header line.
struct HttpField {
  std::string name;
  std::string value;
};

/// A request without a body: those with one are refused before a handler sees them.
struct HttpRequest {
  std::string method;  ///< as sent: methods are case sensitive
  std::string target;  ///< path and query as sent, still encoded; without a scheme and authority
  std::vector<HttpField> fields;
  bool keep_alive = true;
  bool is_http_1_1 = true;
  std::string remote_address;  ///< the peer's address without its port

  /// The target up to its `?`.
  [[nodiscard]] std::string_view path() const;
  /// The target behind its `?`; empty without one.
  [[nodiscard]] std::string_view query() const;
  /// The first value of a header, its name in any case; empty when it is absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// All values of a header, joined by ", " (RFC 9110 §5.3).
  [[nodiscard]] std::string header_list(std::string_view name) const;
  /// True when a header whose value is a comma list (`Connection`, `Upgrade`) holds `token`, in any
  /// case and on any of its lines.
  [[nodiscard]] bool header_has(std::string_view name, std::string_view token) const;
  /// True when it only reads: GET or HEAD.
  [[nodiscard]] bool is_read() const;
  /// True when the client asks for a WebSocket (`Connection: upgrade`, `Upgrade: websocket`).
  [[nodiscard]] bool wants_websocket() const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  Buffer body;
  std::vector<HttpField> fields;
  /// End the connection after this answer.
  bool close = false;

  static HttpResponse text(int status, std::string_view body);
  static HttpResponse json(int status, std::string_view body);
  /// 405, which must say what is `allowed` ("GET, HEAD") (RFC 9110 §15.5.6).
  static HttpResponse method_not_allowed(std::string_view allowed);
};

/// The reason phrase of a status ("Not Found").
[[nodiscard]] std::string_view http_reason(int status);

/// Compares header names and tokens: ASCII letters in any case.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace parley
