#include "http/socket_io.h"

#include <sys/socket.h>

#include <cerrno>

namespace parley {
namespace {

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Received receive_once(int native_socket, MutableBytes space) {
  const ssize_t count = ::recv(native_socket, space.data(), space.size(), MSG_DONTWAIT);
  if (count > 0) return {Received::State::data, static_cast<std::size_t>(count)};
  return {count < 0 && would_block(errno) ? Received::State::nothing : Received::State::ended};
}

Written send_once(int native_socket, std::span<const iovec> parts) {
  if (parts.empty()) return {};
  std::size_t offered = 0;
  for (const iovec& part : parts) offered += part.iov_len;
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  const ssize_t count = ::sendmsg(native_socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count < 0) return {would_block(errno) ? Written::State::blocked : Written::State::failed};
  const auto taken = static_cast<std::size_t>(count);
  return {taken == offered ? Written::State::all : Written::State::blocked, taken, taken};
}

}  // namespace parley
