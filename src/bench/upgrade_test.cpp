#include "bench/upgrade.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::bench {
namespace {

const std::string accepted =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\n"
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

TEST(Upgrade, is_accepted_once_its_whole_header_has_come) {
  for (std::size_t i = 0; i < accepted.size(); ++i)
    ASSERT_EQ(read_upgrade_answer(accepted.substr(0, i), false).state, UpgradeState::incomplete);

  const UpgradeAnswer answer = read_upgrade_answer(accepted + "\x82", false);

  EXPECT_EQ(answer.state, UpgradeState::accepted);
  EXPECT_EQ(answer.header_bytes, accepted.size());
}

TEST(Upgrade, is_refused_with_status_and_body) {
  const std::string response = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 17\r\n\r\n";

  EXPECT_EQ(read_upgrade_answer(response + "token has", false).state, UpgradeState::incomplete);
  const UpgradeAnswer answer = read_upgrade_answer(response + "token has expired", false);

  EXPECT_EQ(answer.state, UpgradeState::refused);
  EXPECT_EQ(answer.reason, "401 Unauthorized: token has expired");
}

TEST(Upgrade, is_refused_when_the_connection_ends_early) {
  EXPECT_EQ(read_upgrade_answer("", true).reason, "closed without an answer");
  EXPECT_EQ(read_upgrade_answer("HTTP/1.1 403 Forbidden\r\n\r\naccess denied", true).reason,
            "403 Forbidden: access denied");
}

TEST(Upgrade, is_refused_when_the_server_does_not_answer_the_nonce) {
  std::string wrong = accepted;
  wrong.replace(wrong.find("s3pP"), 4, "xxxx");

  EXPECT_EQ(read_upgrade_answer(wrong, false).state, UpgradeState::refused);
}

}  // namespace
}  // namespace parley::bench
