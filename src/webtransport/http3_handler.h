#pragma once
// Http3Handler: who is asked when a client wants something over HTTP/3.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "webtransport/wt_session.h"

namespace parley {

struct Http3Request {
  std::string method;
  std::string protocol;  ///< of an extended CONNECT (RFC 9220)
  std::string authority;
  std::string path;                                         ///< with its query
  std::vector<std::pair<std::string, std::string>> fields;  ///< the others, names in lower case
};

struct Http3Response {
  int status = 200;
  std::string content_type = "text/plain";
  std::string body;
};

/// On the shard's thread.
class Http3Handler {
 public:
  /// A GET or HEAD.
  virtual Http3Response handle(const Http3Request& request, Now now) = 0;
  /// A well-formed CONNECT for WebTransport, the first on its connection. Whoever shall be told of
  /// the session, which lives until on_closed; or null after filling in why not (`refusal`).
  /// `session` may be used once this has returned, and from within the events.
  virtual std::unique_ptr<WtSessionEvents> connect(const Http3Request& request, WtSession& session,
                                                   Http3Response& refusal, Now now) = 0;
  /// A request was refused before it was worth asking; `reason` is a word for a counter.
  virtual void on_refused(std::string_view reason) = 0;

 protected:
  ~Http3Handler() = default;
};

}  // namespace parley
