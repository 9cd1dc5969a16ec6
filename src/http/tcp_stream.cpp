#include "http/tcp_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace parley {

bool TcpStream::finish() {
  if (tls_ != nullptr && tls_->end().state == Written::State::blocked) return false;
  ::shutdown(socket_.native_handle(), SHUT_WR);
  return true;
}

void TcpStream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void TcpStream::hold_back(std::size_t unsent_bytes) {
  const int bytes = static_cast<int>(unsent_bytes);
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
  if (tls_ != nullptr) tls_->seal_ahead(unsent_bytes);
}

}  // namespace parley
