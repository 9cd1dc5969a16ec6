#include "server/own_names.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

TEST(OwnNames, of_a_listener_on_one_address_are_that_and_localhost) {
  EXPECT_EQ(own_names("127.0.0.1"), (std::vector<std::string>{"localhost", "127.0.0.1", "::1"}));
  EXPECT_TRUE(has(own_names("192.0.2.1"), "192.0.2.1"));
  EXPECT_TRUE(has(own_names("192.0.2.1"), "localhost"));
}

TEST(OwnNames, of_a_listener_on_all_addresses_are_all_of_the_machine) {
  const auto names = own_names("0.0.0.0");
  for (const std::string& address : interface_addresses()) EXPECT_TRUE(has(names, address));
  EXPECT_FALSE(has(names, "0.0.0.0"));
  EXPECT_FALSE(has(names, ""));
}

TEST(OwnNames, leave_out_what_others_cannot_use) {
  for (const std::string& address : interface_addresses()) {
    EXPECT_FALSE(address.starts_with("127.")) << address;
    EXPECT_EQ(address.find('%'), std::string::npos) << address;
  }
}

}  // namespace
}  // namespace parley
