#include "quic/udp_sender.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>

#include "quic/testing/quic_client.h"

namespace parley {
namespace {

/// Sends from one loopback socket to others.
struct Sending {
  LoopbackSocket from{9};
  LoopbackSocket to{9};
  QuicStats stats;
  UdpSender sender{from.native(), stats};

  UdpPath path() const { return {from.path().local, to.path().local}; }
  void add(std::size_t bytes, const UdpPath& over, bool alone = false) {
    const MutableBytes space = sender.space();
    std::ranges::fill(space.first(bytes), static_cast<std::uint8_t>(bytes));
    sender.add(bytes, over, 0, alone);
  }
  /// The sizes of what has arrived.
  std::vector<std::size_t> arrived(const LoopbackSocket& at) const {
    std::vector<std::size_t> sizes;
    while (const auto datagram = at.receive({})) sizes.push_back(datagram->size());
    return sizes;
  }
};

TEST(UdpSender, sends_equal_packets_as_a_train_that_ends_with_a_shorter_one) {
  Sending sending;
  for (const std::size_t bytes : {1000, 1000, 1000, 400, 1000}) sending.add(bytes, sending.path());

  EXPECT_TRUE(sending.sender.send());

  EXPECT_EQ(sending.arrived(sending.to), (std::vector<std::size_t>{1000, 1000, 1000, 400, 1000}));
  EXPECT_EQ(sending.stats.sends.read(), 1);
  EXPECT_EQ(sending.stats.datagrams_out.read(), 5);
  EXPECT_EQ(sending.stats.bytes_out.read(), 4400);
}

TEST(UdpSender, sends_to_many_with_one_call) {
  Sending sending;
  const LoopbackSocket other(9);
  for (int i = 0; i < 3; ++i) {
    sending.add(500, sending.path());
    sending.add(500, {sending.from.path().local, other.path().local});
  }

  EXPECT_TRUE(sending.sender.send());

  EXPECT_EQ(sending.arrived(sending.to).size(), 3);
  EXPECT_EQ(sending.arrived(other).size(), 3);
  EXPECT_EQ(sending.stats.sends.read(), 1);
}

TEST(UdpSender, sends_by_itself_when_it_is_full) {
  Sending sending;

  for (int i = 0; i < 300; ++i) sending.add(1400, sending.path());

  EXPECT_GT(sending.stats.datagrams_out.read(), 100);
  EXPECT_LT(sending.stats.datagrams_out.read(), 300);
  EXPECT_TRUE(sending.sender.send());
  EXPECT_EQ(sending.stats.datagrams_out.read(), 300);
}

TEST(UdpSender, sends_packets_one_by_one_where_trains_are_refused) {
  Sending sending;
  // Linux refuses UDP_SEGMENT on sockets that send no checksums.
  const int on = 1;
  ASSERT_EQ(::setsockopt(sending.from.native(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
  for (const std::size_t bytes : {700, 700, 300, 700, 700}) sending.add(bytes, sending.path());

  EXPECT_TRUE(sending.sender.send());
  EXPECT_EQ(sending.arrived(sending.to), (std::vector<std::size_t>{700, 700, 300, 700, 700}));
  const std::uint64_t calls = sending.stats.sends.read();
  for (int i = 0; i < 3; ++i) sending.add(700, sending.path());
  EXPECT_TRUE(sending.sender.send());

  EXPECT_EQ(sending.arrived(sending.to).size(), 3);
  EXPECT_EQ(sending.stats.sends.read(), calls + 1);
}

TEST(UdpSender, goes_on_after_a_packet_that_cannot_be_sent) {
  Sending sending;
  UdpPath nowhere = sending.path();
  sockaddr_in address = nowhere.remote.v4();
  address.sin_port = 0;
  nowhere.remote = UdpAddress(address);
  for (int i = 0; i < 3; ++i) sending.add(700, nowhere);
  for (int i = 0; i < 3; ++i) sending.add(700, sending.path());

  EXPECT_TRUE(sending.sender.send());

  EXPECT_EQ(sending.arrived(sending.to).size(), 3);
  EXPECT_EQ(sending.stats.datagrams_unsent.read(), 3);
}

}  // namespace
}  // namespace parley
