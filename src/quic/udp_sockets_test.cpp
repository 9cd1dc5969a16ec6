#include <gtest/gtest.h>
#include <unistd.h>

#include "quic/quic_endpoint.h"
#include "quic/testing/quic_client.h"

namespace parley {
namespace {

/// Closes the sockets that a test has opened.
struct Opened {
  explicit Opened(const std::string& address, std::uint16_t port, std::size_t shards)
      : sockets(open_udp_sockets(address, port, shards, {.socket_buffer = 100 * 1024})) {}
  ~Opened() {
    if (!sockets) return;
    for (const int native : sockets->native) ::close(native);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  Result<UdpSockets> sockets;
};

TEST(UdpSockets, open_one_for_each_shard_on_a_free_port) {
  const Opened opened("127.0.0.1", 0, 3);

  ASSERT_TRUE(opened.sockets) << opened.sockets.error().message;
  EXPECT_EQ(opened.sockets->native.size(), 3);
  EXPECT_NE(opened.sockets->port, 0);
}

TEST(UdpSockets, refuse_a_port_that_another_server_has) {
  for (const std::size_t shards : {1, 2}) {
    const Opened first("127.0.0.1", 0, shards);
    ASSERT_TRUE(first.sockets);

    const Opened second("127.0.0.1", first.sockets->port, 2);

    ASSERT_FALSE(second.sockets);
    EXPECT_NE(second.sockets.error().message.find("is in use"), std::string::npos);
  }
}

TEST(UdpSockets, refuse_a_port_that_is_taken_on_one_address) {
  const Opened first("127.0.0.1", 0, 2);
  ASSERT_TRUE(first.sockets);

  const Opened second("::", first.sockets->port, 2);

  EXPECT_FALSE(second.sockets);
}

TEST(UdpSockets, give_the_port_free_when_they_are_closed) {
  std::uint16_t port = 0;
  {
    const Opened first("127.0.0.1", 0, 2);
    ASSERT_TRUE(first.sockets);
    port = first.sockets->port;
  }

  const Opened second("127.0.0.1", port, 2);

  EXPECT_TRUE(second.sockets);
}

TEST(UdpSockets, listen_on_a_name) { EXPECT_TRUE(Opened("localhost", 0, 1).sockets); }

TEST(UdpSockets, say_that_an_address_is_none) {
  const std::string endless(300, 'x');  // longer than a name may be: nobody is asked about it
  const Opened opened(endless, 0, 1);

  ASSERT_FALSE(opened.sockets);
  EXPECT_TRUE(opened.sockets.error().message.starts_with("cannot listen on \"xxx"));
}

TEST(UdpSockets, send_each_datagram_to_the_shard_of_its_first_id_byte) {
  const Opened opened("::", 0, 3);
  ASSERT_TRUE(opened.sockets);
  const LoopbackSocket sender(opened.sockets->port);
  std::array<std::size_t, 3> arrived{};

  for (std::size_t i = 0; i < 60; ++i) {
    std::vector<std::uint8_t> datagram(40, 0);
    datagram[0] = i % 2 == 0 ? 0x40 : 0xc0;
    datagram[i % 2 == 0 ? 1 : 6] = static_cast<std::uint8_t>(i);
    sender.send(datagram);
    std::array<std::uint8_t, 64> read{};
    const int native = opened.sockets->native[i % 3];
    if (::read(native, read.data(), read.size()) == 40) ++arrived[i % 3];
  }

  EXPECT_EQ(arrived, (std::array<std::size_t, 3>{20, 20, 20}));
}

}  // namespace
}  // namespace parley
