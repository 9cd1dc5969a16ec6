#pragma once
// HttpHandler: who answers the requests of a shard's HTTP connections.

#include <optional>
#include <string_view>

#include "http/http_types.h"

namespace parley {

class Upgrade;

/// Everything here is called on the shard's thread and answers at once.
class HttpHandler {
 public:
  virtual HttpResponse handle(const HttpRequest& request) = 0;

  /// A GET that carries an Upgrade header. Either `upgrade.take()` is called and nothing returned:
  /// then the socket is the caller's, and the connection is gone when this returns. Or an answer is
  /// returned, and HTTP goes on.
  virtual std::optional<HttpResponse> upgrade(const HttpRequest& request, Upgrade& upgrade) = 0;

  /// The connection answered by itself, without asking `handle`. `reason` is a fixed label:
  /// "bad_request", "request_too_late", "headers_too_large", "body", "connections_max",
  /// "tls_handshake", "plain_http".
  virtual void on_refused(std::string_view reason) { (void)reason; }

 protected:
  ~HttpHandler() = default;
};

}  // namespace parley
