// The certificate over restarts, reloads and days.

#include "server/certificate_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <filesystem>
#include <fstream>

namespace parley {
namespace {

constexpr UnixMillis start{1'770'000'000'000};

UnixMillis after(std::chrono::hours time) {
  return {start.count + static_cast<std::uint64_t>(std::chrono::milliseconds(time).count())};
}

struct CertificateStoreTest : testing::Test {
  CertificateStoreTest() {
    char name[] = "/tmp/parley-certificates-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~CertificateStoreTest() override { std::filesystem::remove_all(folder); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
  }
  CertificateRules own() const { return {{}, {}, folder / "own", {"localhost"}}; }
  CertificateRules given() const { return {folder / "chain", folder / "key", {}, {}}; }

  std::filesystem::path folder;
};

TEST_F(CertificateStoreTest, a_self_signed_one_is_kept_over_restarts) {
  CertificateStore first(own());
  ASSERT_TRUE(first.open(start));
  CertificateStore second(own());
  ASSERT_TRUE(second.open(after(std::chrono::hours(24))));

  EXPECT_EQ(first.hashes(), second.hashes());
  EXPECT_EQ(first.hashes().size(), 1u);
}

TEST_F(CertificateStoreTest, one_that_was_kept_for_other_names_is_replaced) {
  CertificateStore first(own());
  ASSERT_TRUE(first.open(start));
  CertificateRules elsewhere = own();
  elsewhere.names.emplace_back("192.0.2.7");
  CertificateStore second(elsewhere);
  ASSERT_TRUE(second.open(start));

  EXPECT_NE(first.hashes(), second.hashes());
  EXPECT_TRUE(is_for(second.current(), "192.0.2.7"));
}

TEST_F(CertificateStoreTest, the_next_ones_hash_is_published_before_it_is_used) {
  CertificateStore store(own());
  ASSERT_TRUE(store.open(start));
  std::vector<std::string> shown;
  ASSERT_TRUE(store.watch([&](const Certificate& certificate) -> Result<void> {
    shown.push_back(certificate.sha256);
    return {};
  }));
  const auto life = self_signed_life - std::chrono::hours(1);

  ASSERT_TRUE(store.tick(after(life - std::chrono::hours(97))));
  EXPECT_EQ(store.hashes().size(), 1u);
  ASSERT_TRUE(store.tick(after(life - std::chrono::hours(95))));
  const auto both = store.hashes();
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(shown.size(), 1u);
  ASSERT_TRUE(store.tick(after(life - std::chrono::hours(71))));

  EXPECT_EQ(shown, both);
  EXPECT_EQ(store.hashes(), std::vector{both[1]});
}

TEST_F(CertificateStoreTest, a_broken_file_leaves_the_good_one_in_use) {
  const auto first = make_certificate({"a"}, start);
  const auto second = make_certificate({"b"}, start);
  write("chain", first->chain_pem);
  write("key", first->key_pem);
  CertificateStore store(given());
  ASSERT_TRUE(store.open(start));

  write("chain", second->chain_pem);
  EXPECT_FALSE(store.reload());
  EXPECT_EQ(store.current().sha256, first->sha256);
  write("key", second->key_pem);
  EXPECT_TRUE(store.reload());

  EXPECT_EQ(store.current().sha256, second->sha256);
}

TEST_F(CertificateStoreTest, one_that_somebody_cannot_use_leaves_the_good_one_in_use) {
  const auto first = make_certificate({"a"}, start);
  write("chain", first->chain_pem);
  write("key", first->key_pem);
  CertificateStore store(given());
  ASSERT_TRUE(store.open(start));
  ASSERT_TRUE(store.watch([&](const Certificate& certificate) -> Result<void> {
    if (certificate.sha256 != first->sha256) return fail("not that one");
    return {};
  }));
  const auto second = make_certificate({"b"}, start);
  write("chain", second->chain_pem);
  write("key", second->key_pem);

  EXPECT_EQ(store.reload().error().message, "not that one");
  EXPECT_EQ(store.current().sha256, first->sha256);
}

TEST_F(CertificateStoreTest, a_new_one_that_somebody_refuses_is_shown_by_nobody) {
  const auto old = make_certificate({"localhost"}, start);
  write("chain", old->chain_pem);
  write("key", old->key_pem);
  CertificateStore store(given());
  ASSERT_TRUE(store.open(start));
  std::string shown;
  bool refuses = false;
  ASSERT_TRUE(store.watch([&](const Certificate& certificate) -> Result<void> {
    shown = certificate.sha256;
    return {};
  }));
  ASSERT_TRUE(store.watch([&](const Certificate&) -> Result<void> {
    return refuses ? fail("not this one") : Result<void>{};
  }));

  const auto fresh = make_certificate({"localhost"}, start);
  write("chain", fresh->chain_pem);
  write("key", fresh->key_pem);
  refuses = true;

  EXPECT_EQ(store.reload().error().message, "not this one");
  EXPECT_EQ(shown, old->sha256);
  EXPECT_EQ(store.current().sha256, old->sha256);
}

}  // namespace
}  // namespace parley
