#pragma once
// TlsClient: TLS as a client of the load tool speaks it, without a socket: bytes in, bytes out.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

struct bio_st;
struct ssl_st;

namespace parley::bench {

/// One connection. It takes any certificate: the load tool measures relays, it trusts none with
/// secrets.
class TlsClient {
 public:
  TlsClient();
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  /// What to send for `plain`. While the handshake lasts `plain` is kept, and this is the
  /// handshake's. Valid until the next call.
  Bytes seal(Bytes plain);

  /// Takes what has come.
  void feed(Bytes wire);
  /// What that says, piece by piece, opened into `space`; nothing when there is no more, or
  /// something is wrong: see fault().
  std::optional<Bytes> open(MutableBytes space);
  /// What is to be sent after the last open(): the handshake goes on, and what was kept for its
  /// end. Valid until the next call.
  Bytes answer();

  /// Why this is no TLS connection; empty as long as it is one.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };

  std::unique_ptr<ssl_st, FreeSsl> ssl_;
  bio_st* arrived_ = nullptr;  // ssl_'s
  bio_st* leaving_ = nullptr;  // ssl_'s
  /// For the end of the handshake: an upgrade request, as nothing else is sent before its answer.
  std::vector<std::uint8_t> kept_;
  std::vector<std::uint8_t> sealed_;
  std::string fault_;
};

}  // namespace parley::bench
