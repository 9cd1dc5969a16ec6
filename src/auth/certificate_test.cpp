// Certificates: what is made can be read again, and what is wrong is named.

#include "auth/certificate.h"

#include <gtest/gtest.h>

#include <string>

namespace parley {
namespace {

constexpr UnixMillis now{1'770'000'000'000};
constexpr std::uint64_t hour = 3'600'000;

TEST(Certificate, made_for_a_page_lives_less_than_fourteen_days_and_is_known_by_its_hash) {
  const auto made = make_certificate({"localhost", "127.0.0.1", "::1"}, now);
  ASSERT_TRUE(made) << made.error().message;

  EXPECT_EQ(made->not_before.count, now.count - hour);
  EXPECT_EQ(made->not_after.count, now.count - hour + 13 * 24 * hour);
  EXPECT_TRUE(made->is_self_signed);
  EXPECT_EQ(made->subject, "CN=localhost");
  EXPECT_EQ(made->sha256.size(), 44u);
}

TEST(Certificate, reads_again_what_it_wrote) {
  const auto made = make_certificate({"localhost"}, now);
  ASSERT_TRUE(made);
  const auto read = read_certificate(made->chain_pem, made->key_pem);
  ASSERT_TRUE(read) << read.error().message;

  EXPECT_EQ(read->sha256, made->sha256);
  EXPECT_EQ(read->not_after, made->not_after);
}

TEST(Certificate, knows_whom_it_is_for_and_whether_browsers_take_its_hash) {
  const auto made = make_certificate({"*.example.org", "2001:db8::1"}, now);
  ASSERT_TRUE(made) << made.error().message;

  EXPECT_EQ(made->names, "DNS:*.example.org, IP Address:2001:DB8:0:0:0:0:0:1");
  EXPECT_TRUE(made->is_ecdsa);
  EXPECT_TRUE(is_for(*made, "call.example.org"));
  EXPECT_TRUE(is_for(*made, "2001:db8::1"));
  EXPECT_FALSE(is_for(*made, "example.com"));
  EXPECT_FALSE(is_for(*made, "127.0.0.1"));
  EXPECT_LT(made->life(), hashed_life_max);
  EXPECT_TRUE(read_chain(made->chain_pem)->key_pem.empty());
}

TEST(Certificate, is_for_names_only) {
  for (const char* name : {"", "two words", "a,IP:127.0.0.1", "a\nb"})
    EXPECT_FALSE(make_certificate({name}, now)) << name;
}

TEST(Certificate, two_are_never_alike) {
  EXPECT_NE(make_certificate({"localhost"}, now)->sha256,
            make_certificate({"localhost"}, now)->sha256);
}

TEST(Certificate, says_what_is_wrong) {
  const auto one = make_certificate({"localhost"}, now);
  const auto other = make_certificate({"localhost"}, now);
  const auto error = [](const std::string& chain, const std::string& key) {
    const auto read = read_certificate(chain, key);
    return read ? std::string("nothing") : read.error().message;
  };

  EXPECT_EQ(error(one->chain_pem, other->key_pem), "the key is not that of the certificate");
  EXPECT_TRUE(error("nonsense", one->key_pem).starts_with("the certificate is not PEM"));
  EXPECT_TRUE(error(one->chain_pem, "nonsense").starts_with("the key is not PEM"));
  EXPECT_EQ(load_certificate("/nowhere/cert", "/nowhere/key").error().message,
            "cannot read the certificate /nowhere/cert");
  EXPECT_EQ(load_certificate("/tmp", "/nowhere/key").error().message,
            "cannot read the certificate /tmp");
  EXPECT_EQ(load_certificate("/dev/zero", "/nowhere/key").error().message,
            "/dev/zero is no certificate: it is too large");
}

TEST(Certificate, asks_nobody_for_the_password_of_a_key) {
  const auto made = make_certificate({"localhost"}, now);
  for (const std::string head :
       {"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"}) {
    const auto read = read_certificate(made->chain_pem, head + "MHcCAQEE\n");
    ASSERT_FALSE(read);
    EXPECT_TRUE(read.error().message.starts_with("the key is encrypted with a password"));
  }
}

}  // namespace
}  // namespace parley
