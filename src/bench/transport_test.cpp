#include "bench/transport.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

TEST(Transport, is_found_by_its_name) {
  for (const Transports one :
       {Transports::websocket, Transports::wss, Transports::webtransport, Transports::mixed})
    EXPECT_EQ(find_transports(name_of(one)), one);
  EXPECT_FALSE(find_transports("quic").has_value());
}

TEST(Transport, is_everybodys_unless_mixed) {
  for (std::size_t member = 0; member < 3; ++member) {
    EXPECT_EQ(transport_of(Transports::websocket, member, 3, 3), Transport::websocket);
    EXPECT_EQ(transport_of(Transports::wss, member, 3, 3), Transport::websocket);
    EXPECT_EQ(transport_of(Transports::webtransport, member, 1, 3), Transport::webtransport);
  }
  EXPECT_FALSE(includes(Transports::websocket, Transport::webtransport));
  EXPECT_TRUE(includes(Transports::wss, Transport::websocket));
  EXPECT_FALSE(includes(Transports::webtransport, Transport::websocket));
}

TEST(Transport, of_a_mixed_meeting_is_every_second_members) {
  int second = 0;
  for (std::size_t member = 0; member < 20; ++member)
    second += transport_of(Transports::mixed, member, 20, 20) == Transport::webtransport ? 1 : 0;
  EXPECT_EQ(second, 10);
  EXPECT_TRUE(includes(Transports::mixed, Transport::websocket));
  EXPECT_TRUE(includes(Transports::mixed, Transport::webtransport));
}

TEST(Transport, of_a_mixed_broadcast_is_websocket_for_who_sends) {
  EXPECT_EQ(transport_of(Transports::mixed, 0, 1, 101), Transport::websocket);
  for (std::size_t member = 1; member < 101; ++member)
    EXPECT_EQ(transport_of(Transports::mixed, member, 1, 101), Transport::webtransport);
}

}  // namespace
}  // namespace parley::bench
