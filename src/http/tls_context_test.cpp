#include "http/tls_context.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "http/testing/test_certificate.h"
#include "http/testing/tls_client.h"

namespace parley {
namespace {

/// A connection on which the client has the server's answer to its greeting.
struct Greeted {
  explicit Greeted(const TlsContext& context) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    stream = context.accept(ends[0]);
    pass();
    pass();
  }
  ~Greeted() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Greeted(const Greeted&) = delete;
  Greeted& operator=(const Greeted&) = delete;

  /// Carries what each side has to say to the other one.
  void pass() {
    const std::string wire = client.take_wire();
    ::send(ends[1], wire.data(), wire.size(), MSG_NOSIGNAL);
    (void)stream->read(space);
    std::array<char, 65536> answer{};
    const ssize_t count = ::recv(ends[1], answer.data(), answer.size(), 0);
    if (count > 0) client.hear_wire({answer.data(), static_cast<std::size_t>(count)});
  }

  std::array<int, 2> ends{};
  std::array<std::uint8_t, 65536> space{};
  std::unique_ptr<TlsStream> stream;
  TlsClient client;
};

TEST(TlsContext, accepts_nobody_before_it_has_a_certificate) {
  const TlsContext context;
  EXPECT_EQ(context.accept(-1), nullptr);
}

TEST(TlsContext, shows_a_new_certificate_to_new_connections_only) {
  TlsContext context;
  const TestCertificate first = make_test_certificate("first");
  const TestCertificate second = make_test_certificate("second");
  ASSERT_TRUE(context.load(first.chain_pem, first.key_pem));
  Greeted old(context);

  ASSERT_TRUE(context.load(second.chain_pem, second.key_pem));
  const Greeted fresh(context);

  EXPECT_EQ(old.client.server_name(), "first");
  EXPECT_EQ(fresh.client.server_name(), "second");
  const std::string text = "still here";
  const iovec part{const_cast<char*>(text.data()), text.size()};
  EXPECT_EQ(old.stream->write({&part, 1}).state, Written::State::all);
  old.pass();
  EXPECT_EQ(old.client.heard(), text);
}

TEST(TlsContext, keeps_the_good_certificate_when_the_next_one_is_broken) {
  TlsContext context;
  const TestCertificate good = make_test_certificate("good");
  const TestCertificate other = make_test_certificate("other");
  ASSERT_TRUE(context.load(good.chain_pem, good.key_pem));

  const auto no_chain = context.load("nonsense", good.key_pem);
  const auto no_key = context.load(good.chain_pem, "nonsense");
  const auto mismatch = context.load(other.chain_pem, good.key_pem);
  const auto cut = context.load(
      good.chain_pem + other.chain_pem.substr(0, other.chain_pem.size() / 2), good.key_pem);

  EXPECT_TRUE(no_chain.error().message.starts_with("the certificate chain cannot be read"));
  EXPECT_TRUE(no_key.error().message.starts_with("the private key cannot be read"));
  EXPECT_TRUE(
      mismatch.error().message.starts_with("the private key does not belong to the certificate"));
  EXPECT_FALSE(cut);
  EXPECT_EQ(Greeted(context).client.server_name(), "good");
}

TEST(TlsContext, sends_the_whole_chain) {
  TlsContext context;
  const TestCertificate own = make_test_certificate("own");
  const TestCertificate above = make_test_certificate("above");
  EXPECT_TRUE(context.load(own.chain_pem + above.chain_pem, own.key_pem));
  EXPECT_EQ(Greeted(context).client.server_name(), "own");
}

}  // namespace
}  // namespace parley
