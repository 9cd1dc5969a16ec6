#pragma once
// HttpConnections: the HTTP connections of one shard.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "http/http_date.h"

namespace parley {

class HttpConnection;
class HttpHandler;
class Shard;
class TlsContext;

struct HttpRules {
  /// The longest head of a request; a longer one is answered with 431.
  std::size_t header_bytes_max = 8 * 1024;
  /// From accepting, or from the first byte of a further request, to the end of its head; later is
  /// answered with 408.
  Millis header_timeout = 10s;
  /// How long a connection may wait for its next request, or an answer for its reader.
  Millis idle_timeout = 30s;
  /// How long input is discarded after the last answer. Closing with unread bytes would send RST,
  /// which destroys the answer on its way.
  Millis linger = 2s;
  /// What is accepted beyond this is answered with 503.
  std::size_t connections_max = 100'000;
  /// Lets pages of any origin read the answers, as the original does. Not for the ops listener.
  bool cors = true;
  /// With it, which must be loaded, https is spoken; null is http.
  const TlsContext* tls = nullptr;
};

/// A TCP connection just accepted.
struct AcceptedSocket {
  int native_socket = -1;  ///< non-blocking
  std::string remote_address;
  /// Held until the connection ends, whatever protocol it speaks by then: for whoever counts.
  std::shared_ptr<void> ticket;
  /// Why it is turned away (a label of the refusal counters); empty when it is let in.
  std::string_view refusal;
};

/// Owns the connections of one shard from accepting to their end, or to the protocol that takes
/// them over. Each counts in ShardStats.connections. For the shard's thread.
class HttpConnections {
 public:
  /// `shard` and `handler` must outlive this.
  HttpConnections(Shard& shard, HttpHandler& handler, const HttpRules& rules);
  /// Closes what is left, at once.
  ~HttpConnections();
  HttpConnections(const HttpConnections&) = delete;
  HttpConnections& operator=(const HttpConnections&) = delete;

  void add(AcceptedSocket accepted);

  /// Ends the idle connections and, after their answers, the others. What is added afterwards gets
  /// one answer.
  void drain();

  [[nodiscard]] std::size_t size() const { return connections_.size(); }

 private:
  friend class HttpConnection;
  void remove(HttpConnection& connection);

  Shard& shard_;
  HttpHandler& handler_;
  HttpRules rules_;
  HttpDate date_;
  std::unordered_map<HttpConnection*, std::shared_ptr<HttpConnection>> connections_;
  std::size_t turned_away_ = 0;  ///< of them, those that only hear why
  bool draining_ = false;
};

}  // namespace parley
