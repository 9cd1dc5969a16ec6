#include "bus/nats_client.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(NatsClient, shows_addresses_without_their_secrets) {
  EXPECT_EQ(without_secrets("nats:4222"), "nats:4222");
  EXPECT_EQ(without_secrets("nats://user:pass@host:4222"), "nats://host:4222");
  EXPECT_EQ(without_secrets("nats://token@a:1,tls://u:p%40@b:2"), "nats://a:1,tls://b:2");
  EXPECT_EQ(without_secrets("user:pass@host"), "host");
  EXPECT_EQ(without_secrets(""), "");
}

}  // namespace
}  // namespace parley
