#include "quic/quic_tls.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "quic/testing/quic_world.h"

namespace parley {
namespace {

TEST(QuicTls, takes_a_certificate_and_its_key) {
  const TestCertificate certificate = TestCertificate::make();
  QuicTls tls;

  EXPECT_TRUE(tls.load(certificate.chain_pem, certificate.key_pem));
}

TEST(QuicTls, signs_with_keys_of_each_kind) {
  const std::vector<std::pair<gnutls_pk_algorithm_t, unsigned>> kinds = {
      {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)},
      {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1)},
      {GNUTLS_PK_RSA, 2048}};
  QuicWorld world;
  for (const auto& [algorithm, bits] : kinds) {
    SCOPED_TRACE(gnutls_pk_algorithm_get_name(algorithm));
    const TestCertificate certificate = TestCertificate::make(algorithm, bits);
    ASSERT_TRUE(world.tls.load(certificate.chain_pem, certificate.key_pem));
    auto client = world.client();

    // The client verifies what the server has signed.
    EXPECT_TRUE(client->connect());
  }
}

TEST(QuicTls, says_what_is_wrong) {
  const TestCertificate one = TestCertificate::make();
  const TestCertificate other = TestCertificate::make();
  QuicTls tls;

  const auto no_chain = tls.load("", one.key_pem);
  const auto bad_chain = tls.load("-----BEGIN CERTIFICATE-----\nAAAA\n", one.key_pem);
  const auto bad_key = tls.load(one.chain_pem, "not a key");
  const auto foreign_key = tls.load(one.chain_pem, other.key_pem);

  ASSERT_FALSE(no_chain);
  EXPECT_NE(no_chain.error().message.find("the certificate chain"), std::string::npos);
  ASSERT_FALSE(bad_chain);
  EXPECT_NE(bad_chain.error().message.find("the certificate chain"), std::string::npos);
  ASSERT_FALSE(bad_key);
  EXPECT_NE(bad_key.error().message.find("the private key cannot be read"), std::string::npos);
  ASSERT_FALSE(foreign_key);
  EXPECT_EQ(foreign_key.error().message, "the private key does not belong to the certificate");
}

TEST(QuicTls, shows_the_new_certificate_after_a_reload_and_keeps_the_old_after_a_bad_one) {
  QuicWorld world;
  const auto fingerprint = [&] {
    auto client = world.client();
    EXPECT_TRUE(client->connect());
    return client->certificate();
  };
  const std::string first = fingerprint();
  const TestCertificate next = TestCertificate::make();

  ASSERT_TRUE(world.tls.load(next.chain_pem, next.key_pem));
  const std::string second = fingerprint();
  EXPECT_FALSE(world.tls.load(next.chain_pem, "broken"));
  const std::string third = fingerprint();

  EXPECT_NE(first, second);
  EXPECT_EQ(second, third);
}

TEST(QuicTls, prefers_aes_128_whatever_the_client_prefers) {
  QuicWorld world;
  auto options = world.client_options();
  options.ciphers = "+CHACHA20-POLY1305:+AES-256-GCM:+AES-128-GCM";
  auto client = world.client(options);

  ASSERT_TRUE(client->connect());

  EXPECT_EQ(client->cipher(), "AES-128-GCM");
}

TEST(QuicTls, changes_keys_and_lives_without_its_session) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  client->send(client->open_uni(), "before", true);
  ASSERT_TRUE(client->run_until([&] { return client->stream(2).is_closed; }));

  client->update_keys();
  client->send(client->open_uni(), "after", true);

  EXPECT_TRUE(client->run_until([&] { return client->stream(6).is_closed; }));
  EXPECT_EQ(world.on_shard([&] { return world.protocol().streams.at(6).bytes; }), "after");
}

TEST(QuicTls, ends_a_connection_that_goes_on_with_tls_after_the_handshake) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));

  client->send_crypto("a KeyUpdate, say");

  ASSERT_TRUE(client->run_until([&] { return client->closed().has_value(); }));
  EXPECT_EQ(client->closed()->code, 0x100 + 10);  // unexpected_message
  EXPECT_EQ(world.end()->cause, QuicEnd::Cause::error);
}

}  // namespace
}  // namespace parley
