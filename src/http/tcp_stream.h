#pragma once
// TcpStream: the bytes of one TCP connection, as they are or under TLS.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>

#include "http/socket_io.h"
#include "http/tls_stream.h"

namespace parley {

/// A connected socket that is read and written without blocking, whoever speaks over it. Without
/// TLS each read and write is one system call. Movable while nobody waits on it. For the shard's
/// thread.
class TcpStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// `tls` is null for a connection in plain.
  TcpStream(Socket socket, std::unique_ptr<TlsStream> tls)
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  /// False until the TLS handshake is done: before it nothing can be written.
  [[nodiscard]] bool can_write() const { return tls_ == nullptr || tls_->is_secure(); }

  /// Reads what has come, as far as there is `space`.
  [[nodiscard]] Received read(MutableBytes space) {
    return tls_ == nullptr ? receive_once(socket_.native_handle(), space) : tls_->read(space);
  }
  /// Reads and throws away, without looking: for a connection on which all is said.
  [[nodiscard]] Received discard(MutableBytes scratch) {
    if (tls_ != nullptr) tls_->forget_input();
    return receive_once(socket_.native_handle(), scratch);
  }
  /// Sends as much of `parts` as the kernel takes. Written::taken may run ahead of that by what
  /// TLS has sealed; so after State::blocked it is called again, with whatever is left to send,
  /// maybe nothing, until it answers State::all.
  [[nodiscard]] Written write(std::span<const iovec> parts) {
    return tls_ == nullptr ? send_once(socket_.native_handle(), parts) : tls_->write(parts);
  }
  /// Says that nothing follows and closes our half. False: the kernel does not take even that, call
  /// again when it does.
  [[nodiscard]] bool finish();
  /// Ends both halves, without a word.
  void close();

  /// TLS is given up, for a last answer to a peer that does not speak it.
  void go_plain() { tls_.reset(); }
  /// Bounds what waits unsent where it cannot be dropped any more: in the kernel and, sealed, here.
  void hold_back(std::size_t unsent_bytes);

  /// `handler(error)` when read() has something new to say. Never called from here.
  template <class Handler>
  void wait_readable(Handler handler) {
    if (tls_ == nullptr) return socket_.async_wait(Socket::wait_read, std::move(handler));
    if (tls_->has_more()) {
      boost::asio::post(socket_.get_executor(), [handler = std::move(handler)]() mutable {
        handler(boost::system::error_code{});
      });
      return;
    }
    // The peer waits for the rest of our part of the handshake, which read() sends first.
    const bool speaks_first = !tls_->is_secure() && tls_->has_unsent();
    socket_.async_wait(speaks_first ? Socket::wait_write : Socket::wait_read, std::move(handler));
  }
  /// `handler(error)` when write() may send more. Never called from here.
  template <class Handler>
  void wait_writable(Handler handler) {
    socket_.async_wait(Socket::wait_write, std::move(handler));
  }

  [[nodiscard]] int native_handle() { return socket_.native_handle(); }

 private:
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace parley
