#pragma once
// TlsStream: TLS over one connected socket. OpenSSL only turns bytes into bytes here; when the
// socket is read and written, and how much at once, is decided on this side of it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "http/socket_io.h"

struct bio_st;
struct bio_method_st;
struct ssl_st;

namespace parley {

struct FreeSsl {
  void operator()(ssl_st* ssl) const;
};
using Ssl = std::unique_ptr<ssl_st, FreeSsl>;

/// The server's end of one connection. The handshake happens inside read(). For one thread.
class TlsStream {
 public:
  /// What one record holds at most (RFC 8446 §5.1).
  static constexpr std::size_t record_bytes_max = 16 * 1024;
  /// Sealed at once while the kernel takes everything, so that a turn of the loop is one system
  /// call. Once it does not, one record at a time: what is sealed cannot be dropped any more.
  static constexpr std::size_t seal_bytes_max = 4 * record_bytes_max;
  /// What a peer may have us hold of sealed bytes it does not read, answers of TLS itself included.
  /// The connection of one that asks for more has failed.
  static constexpr std::size_t unsent_bytes_max = 2 * seal_bytes_max;
  /// Read off the socket in one read(), so that records without content cost a turn no more.
  static constexpr std::size_t wire_bytes_per_read = 64 * 1024;
  /// Read off the socket before the handshake is done; real ones need two or three kilobytes. What
  /// is read ahead behind their end counts, one record at most.
  static constexpr std::size_t handshake_bytes_max = 32 * 1024;

  /// `ssl` is a new server's session (TlsContext::accept); the socket stays the caller's.
  TlsStream(Ssl ssl, int native_socket);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Reads and opens what has come, goes on with the handshake, and sends what TLS itself has to
  /// say.
  [[nodiscard]] Received read(MutableBytes space);
  /// Another read() has something to say without the socket: `space` was too small for a record, or
  /// the end came behind data.
  [[nodiscard]] bool has_more() const { return has_more_; }
  /// Nobody will ask for what has been read.
  void forget_input() { has_more_ = false; }

  /// Sends what is left of earlier calls, then seals and sends `parts`. Only when is_secure().
  [[nodiscard]] Written write(std::span<const iovec> parts);
  /// Seals at most `bytes` (one record at least) ahead of what the kernel takes.
  void seal_ahead(std::size_t bytes);
  /// Sends what is left, and that nothing follows (close_notify, RFC 8446 §6.1).
  [[nodiscard]] Written end();

  /// The handshake is done.
  [[nodiscard]] bool is_secure() const { return is_secure_; }
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }

 private:
  /// Where OpenSSL's output goes during one write().
  struct Sealed {
    MutableBytes space;
    std::size_t bytes = 0;
  };
  /// What is left of the parts of one write().
  class Rest;

  static const bio_method_st* bio_method();
  int take_from_wire(MutableBytes space);
  bool put_on_wire(Bytes sealed);

  [[nodiscard]] Bytes unsent() const { return Bytes(unsent_).subspan(unsent_begin_); }
  [[nodiscard]] Received failure() const;
  bool seal(Rest& rest, std::size_t bytes_max);
  Written send_sealed(Bytes sealed);
  Written send_unsent();

  Ssl ssl_;
  int native_socket_;
  bio_st* bio_ = nullptr;  ///< owned by ssl_
  Sealed* sealed_ = nullptr;
  std::vector<std::uint8_t> unsent_;  ///< see unsent_bytes_max; empty when all of it is sent
  std::size_t unsent_begin_ = 0;      ///< of it, what is sent already
  std::size_t seal_bytes_ = seal_bytes_max;
  std::size_t wire_bytes_left_ = 0;  ///< of wire_bytes_per_read
  std::size_t handshake_bytes_ = 0;
  bool kernel_lags_ = false;
  bool is_secure_ = false;
  bool is_plain_http_ = false;
  bool has_more_ = false;
  bool end_said_ = false;
};

}  // namespace parley
