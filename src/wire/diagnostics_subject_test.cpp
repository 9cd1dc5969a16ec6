#include "wire/diagnostics_subject.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(DiagnosticsSubject, names_region_service_and_instance) {
  const ServerPlace place{"us-east", "websocket", "relay-1"};

  EXPECT_EQ(health_subject(place), "health.diagnostics.us-east.websocket.relay-1");
  EXPECT_EQ(connection_subject(place), "server.connections.us-east.websocket.relay-1");
}

TEST(DiagnosticsSubject, no_name_makes_a_token_more_or_a_wildcard) {
  const ServerPlace place{"eu.west 1", "*", "a>\tb\r\n"};

  EXPECT_EQ(connection_subject(place), "server.connections.eu_west_1._.a__b__");
}

TEST(DiagnosticsSubject, a_token_is_never_empty_and_never_long) {
  EXPECT_EQ(subject_token(""), "_");
  EXPECT_EQ(subject_token(std::string(1000, 'x')), std::string(128, 'x'));
  EXPECT_EQ(subject_token("münchen"), "münchen");
}

}  // namespace
}  // namespace parley
