#include "http/http_listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "actor/shard.h"

namespace parley {
namespace {

int connect_to(std::uint16_t port) {
  const int number = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(number, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return number;
}

TEST(HttpListener, hands_on_sockets_with_their_addresses) {
  Shard shard(0);
  std::atomic<int> accepted{0};
  std::string seen;
  int no_delay = 0;
  auto listener = HttpListener::open(shard, "127.0.0.1", 0, [&](int number, std::string address) {
    socklen_t size = sizeof no_delay;
    ::getsockopt(number, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
    seen = address;
    ::close(number);
    ++accepted;
  });
  ASSERT_TRUE(listener.has_value()) << listener.error().message;
  (*listener)->start();
  std::thread thread([&] { shard.run(); });

  for (int i = 0; i < 200; ++i) ::close(connect_to((*listener)->port()));
  while (accepted < 200) std::this_thread::yield();

  shard.stop();
  thread.join();
  EXPECT_EQ(seen, "127.0.0.1");
  EXPECT_NE(no_delay, 0);
}

TEST(HttpListener, names_a_port_that_is_taken) {
  Shard shard(0);
  const auto first = HttpListener::open(shard, "127.0.0.1", 0, [](int, std::string) {});
  ASSERT_TRUE(first.has_value());

  const auto second =
      HttpListener::open(shard, "127.0.0.1", (*first)->port(), [](int, std::string) {});

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string((*first)->port()) +
                ": the port is in use by another process");
}

TEST(HttpListener, names_an_address_that_is_not_ours) {
  Shard shard(0);
  const auto listener = HttpListener::open(shard, "192.0.2.1", 0, [](int, std::string) {});
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().message,
            "cannot listen on 192.0.2.1:0: this machine does not have that address");
}

TEST(HttpListener, refuses_clients_once_it_has_stopped) {
  Shard shard(0);
  auto listener = HttpListener::open(shard, "127.0.0.1", 0, [](int, std::string) {});
  ASSERT_TRUE(listener.has_value());
  const auto port = (*listener)->port();
  (*listener)->start();
  (*listener)->stop();

  EXPECT_TRUE(HttpListener::open(shard, "127.0.0.1", port, [](int, std::string) {}).has_value());
}

}  // namespace
}  // namespace parley
