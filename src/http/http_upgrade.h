#pragma once
// Upgrade: a TCP connection on its way from HTTP to another protocol.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "http/tcp_stream.h"

namespace parley {

/// What remains of an HTTP connection when somebody takes it over.
struct UpgradedSocket {
  /// Non-blocking, with TCP_NODELAY, nothing pending on it, on the shard's io_context.
  TcpStream stream;
  /// To be held until the connection ends.
  std::shared_ptr<void> ticket;
  /// What the client already sent behind the head of its request.
  std::vector<std::uint8_t> rest;
};

/// The offer to take a connection over; see HttpHandler::upgrade.
class Upgrade {
 public:
  Upgrade(TcpStream& stream, std::shared_ptr<void> ticket, std::vector<std::uint8_t> rest)
      : stream_(stream), ticket_(std::move(ticket)), rest_(std::move(rest)) {}
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

  /// The connection, once. From here on the taker counts it in ShardStats.connections.
  [[nodiscard]] UpgradedSocket take() {
    taken_ = true;
    return {std::move(stream_), std::move(ticket_), std::move(rest_)};
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  TcpStream& stream_;
  std::shared_ptr<void> ticket_;
  std::vector<std::uint8_t> rest_;
  bool taken_ = false;
};

}  // namespace parley
