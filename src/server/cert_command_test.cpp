#include "server/cert_command.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp
#include <sys/stat.h>

#include <filesystem>
#include <sstream>

namespace parley {
namespace {

constexpr UnixMillis now{1'770'000'000'000};

struct CertCommand : testing::Test {
  CertCommand() {
    char name[] = "/tmp/parley-cert-XXXXXX";
    folder = ::mkdtemp(name);
    options.folder = folder / "made";
    config.tls.cert = folder / "made" / "certificate.pem";
    config.tls.key = folder / "made" / "key.pem";
  }
  ~CertCommand() override { std::filesystem::remove_all(folder); }

  int create() { return run_cert_create(options, now, out, err); }
  int inspect(UnixMillis when = now) { return run_cert_inspect({}, config, when, out, err); }

  std::filesystem::path folder;
  CertCreateOptions options;
  Config config;
  std::ostringstream out, err;
};

TEST_F(CertCommand, makes_a_pair_that_a_server_can_use) {
  ASSERT_EQ(create(), 0) << err.str();
  out.str("");

  EXPECT_EQ(inspect(), 0) << err.str();
  EXPECT_NE(out.str().find("subject:   CN=localhost"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("by its hash"), std::string::npos);
}

TEST_F(CertCommand, keeps_the_key_to_its_owner) {
  ASSERT_EQ(create(), 0);

  struct stat key{};
  ASSERT_EQ(::stat(config.tls.key.c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600u);
}

TEST_F(CertCommand, replaces_nothing_unasked) {
  ASSERT_EQ(create(), 0);

  EXPECT_EQ(create(), 1);
  EXPECT_NE(err.str().find("is there already"), std::string::npos);
  options.replace = true;
  EXPECT_EQ(create(), 0);
}

TEST_F(CertCommand, says_what_browsers_will_not_take) {
  options.days = 90;
  ASSERT_EQ(create(), 0);

  EXPECT_NE(out.str().find("lives longer than 14 days"), std::string::npos);
}

TEST_F(CertCommand, says_when_it_is_over) {
  ASSERT_EQ(create(), 0);

  EXPECT_EQ(inspect({now.count + 14ULL * 24 * 3'600'000}), 1);
  EXPECT_NE(err.str().find("not valid today"), std::string::npos);
}

TEST_F(CertCommand, says_what_it_cannot_do) {
  options.names = {"no name"};
  EXPECT_EQ(create(), 1);
  EXPECT_NE(err.str().find("\"no name\" is no host name"), std::string::npos);
  EXPECT_EQ(inspect(), 1);
  EXPECT_NE(err.str().find("cannot read the certificate"), std::string::npos);
  EXPECT_EQ(run_cert_inspect(folder / "nothing", config, now, out, err), 1);
}

}  // namespace
}  // namespace parley
