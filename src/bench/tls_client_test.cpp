#include "bench/tls_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <tuple>

#include "http/testing/test_certificate.h"
#include "http/tls_context.h"

namespace parley::bench {
namespace {

/// A client, and the relay's end of TLS over a pair of sockets.
class TlsClientTest : public testing::Test {
 protected:
  TlsClientTest() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_.data()), 0);
    const TestCertificate certificate = make_test_certificate("relay");
    EXPECT_TRUE(context_.load(certificate.chain_pem, certificate.key_pem).has_value());
    server_ = context_.accept(sockets_[0]);
  }
  ~TlsClientTest() override {
    server_.reset();
    for (const int socket : sockets_) ::close(socket);
  }

  void send(Bytes wire) {
    ASSERT_EQ(::send(sockets_[1], wire.data(), wire.size(), 0), static_cast<ssize_t>(wire.size()));
  }
  /// Everything the server has sent, opened.
  std::string receive() {
    std::array<std::uint8_t, 64 * 1024> space{};
    const ssize_t count = ::recv(sockets_[1], space.data(), space.size(), 0);
    if (count > 0) client_.feed(Bytes(space).first(static_cast<std::size_t>(count)));
    std::string heard;
    while (const auto plain = client_.open(space)) heard += as_text(*plain);
    if (const Bytes said = client_.answer(); !said.empty()) send(said);
    return heard;
  }
  std::string serve() {
    std::array<std::uint8_t, 64 * 1024> space{};
    const Received received = server_->read(space);
    return std::string(as_text(Bytes(space).first(received.bytes)));
  }
  void say(std::string_view text) {
    const iovec part{const_cast<char*>(text.data()), text.size()};
    EXPECT_EQ(server_->write({&part, 1}).state, Written::State::all);
  }

  TlsClient client_;
  std::unique_ptr<TlsStream> server_;

 private:
  std::array<int, 2> sockets_{};
  TlsContext context_;
};

TEST_F(TlsClientTest, keeps_what_is_said_until_the_handshake_is_done) {
  send(client_.seal(as_bytes("GET / HTTP/1.1")));
  EXPECT_EQ(serve(), "");
  EXPECT_EQ(receive(), "");

  EXPECT_EQ(serve(), "GET / HTTP/1.1");
}

TEST_F(TlsClientTest, opens_what_the_server_says_and_seals_what_follows) {
  send(client_.seal(as_bytes("first")));
  serve();
  receive();
  serve();

  const std::string much(40'000, 'x');
  say(much);
  EXPECT_EQ(receive(), much);
  send(client_.seal(as_bytes("second")));

  EXPECT_EQ(serve(), "second");
  EXPECT_EQ(client_.fault(), "");
}

TEST_F(TlsClientTest, says_what_is_wrong_with_a_server_without_TLS) {
  std::ignore = client_.seal(as_bytes("GET / HTTP/1.1"));
  client_.feed(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n"));

  std::array<std::uint8_t, 1024> space{};
  EXPECT_FALSE(client_.open(space).has_value());
  EXPECT_NE(client_.fault().find("TLS failed: "), std::string::npos) << client_.fault();
}

}  // namespace
}  // namespace parley::bench
