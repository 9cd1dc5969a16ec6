#pragma once
// HttpListener: one listening TCP socket, and what is accepted from it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace parley {

class Shard;

/// Accepts on one shard and hands each socket on. Survives running out of descriptors: it then
/// sheds one waiting client at a time and pauses. For the shard's thread, except `port()`.
class HttpListener {
 public:
  /// A connected socket: non-blocking, close-on-exec, TCP_NODELAY. The callee owns it.
  using OnAccepted = std::function<void(int native_socket, std::string remote_address)>;

  /// Listens on `host`:`port` (port 0: any free one). A name is looked up here, which may block.
  [[nodiscard]] static Result<std::unique_ptr<HttpListener>> open(Shard& shard,
                                                                  const std::string& host,
                                                                  std::uint16_t port,
                                                                  OnAccepted on_accepted);
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  /// Begins to accept. Separate from open() so that a port is known to be ours before anything
  /// else starts.
  void start();
  /// Stops listening; new clients are refused by the system from here on.
  void stop();

  [[nodiscard]] std::uint16_t port() const;

 private:
  class Acceptor;
  explicit HttpListener(std::shared_ptr<Acceptor> acceptor);
  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace parley
