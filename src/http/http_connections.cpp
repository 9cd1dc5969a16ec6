#include "http/http_connections.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <utility>
#include <vector>

#include "actor/shard.h"
#include "base/check.h"
#include "http/http_connection.h"
#include "http/http_handler.h"
#include "http/tls_context.h"

namespace parley {
namespace {

// Connections beyond a bound that may hear their 503 and go; past these we only close.
constexpr std::size_t refusals_under_way_max = 256;

bool is_ipv6(int native_socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getsockname(native_socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         address.ss_family == AF_INET6;
}

}  // namespace

HttpConnections::HttpConnections(Shard& shard, HttpHandler& handler, const HttpRules& rules)
    : shard_(shard), handler_(handler), rules_(rules) {}

HttpConnections::~HttpConnections() {
  for (auto& [key, connection] : connections_) {
    connection->abandon();
    shard_.stats().connections.subtract();
  }
}

void HttpConnections::add(AcceptedSocket accepted) {
  using boost::asio::ip::tcp;
  const int native_socket = accepted.native_socket;
  if (accepted.refusal.empty() && connections_.size() >= rules_.connections_max)
    accepted.refusal = "connections_max";
  if (!accepted.refusal.empty() && turned_away_ >= refusals_under_way_max) {
    handler_.on_refused(accepted.refusal);
    ::close(native_socket);
    return;
  }
  boost::system::error_code error;
  tcp::socket socket(shard_.io());
  socket.assign(is_ipv6(native_socket) ? tcp::v6() : tcp::v4(), native_socket, error);
  if (error) {
    ::close(native_socket);
    return;
  }
  socket.non_blocking(true, error);

  std::unique_ptr<TlsStream> tls;
  if (rules_.tls != nullptr) {
    tls = rules_.tls->accept(native_socket);
    check(tls != nullptr, "https is spoken before there is a certificate");
  }
  const std::string_view refusal = accepted.refusal;
  const auto connection = std::make_shared<HttpConnection>(
      *this, TcpStream(std::move(socket), std::move(tls)), std::move(accepted));
  connections_.emplace(connection.get(), connection);
  shard_.stats().connections.add();
  if (draining_) connection->answer_once();
  if (refusal.empty()) {
    connection->start();
  } else {
    ++turned_away_;
    connection->turn_away(refusal);
  }
}

void HttpConnections::drain() {
  draining_ = true;
  std::vector<std::shared_ptr<HttpConnection>> all;
  all.reserve(connections_.size());
  for (const auto& [key, connection] : connections_) all.push_back(connection);
  for (const auto& connection : all) connection->drain();
}

void HttpConnections::remove(HttpConnection& connection) {
  if (connection.is_turned_away()) --turned_away_;
  if (connections_.erase(&connection) > 0) shard_.stats().connections.subtract();
}

}  // namespace parley
