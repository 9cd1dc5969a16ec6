#include "quic/quic_endpoint.h"

#include <gtest/gtest.h>

#include "quic/testing/quic_client.h"
#include "quic/testing/quic_world.h"

namespace parley {
namespace {

/// Answers of the front door, which need no client.
std::vector<std::uint8_t> datagram_of(std::uint8_t first, std::uint32_t version,
                                      std::size_t bytes) {
  std::vector<std::uint8_t> datagram(bytes, 0x11);
  datagram[0] = first;
  for (std::size_t i = 0; i < 4; ++i)
    datagram[1 + i] = static_cast<std::uint8_t>(version >> (24 - 8 * i));
  datagram[5] = 8;   // of the server's id
  datagram[14] = 4;  // of the client's
  return datagram;
}

TEST(QuicEndpoint, shakes_hands) {
  QuicWorld world;
  auto client = world.client();

  EXPECT_TRUE(client->connect());

  EXPECT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));
  EXPECT_EQ(world.stats().handshakes_open.read(), 0);
  EXPECT_EQ(world.stats().connections.read(), 1);
  EXPECT_TRUE(world.has_protocol());
  EXPECT_EQ(world.on_shard([&] { return world.protocol().connection.remote_address(); }),
            client->local_address());
}

TEST(QuicEndpoint, refuses_another_application_protocol) {
  QuicWorld world;
  auto options = world.client_options();
  options.alpn = "h2";
  auto client = world.client(options);

  EXPECT_FALSE(client->connect());

  ASSERT_TRUE(client->closed());
  EXPECT_EQ(client->closed()->code, 0x100 + 120);  // no_application_protocol
  EXPECT_TRUE(world.wait_until([&] { return world.stats().handshakes_failed.read() == 1; }));
  EXPECT_EQ(world.stats().connections.read(), 0);
}

TEST(QuicEndpoint, without_a_certificate_opens_no_connection) {
  QuicWorld world({.has_certificate = false});
  auto client = world.client();

  client->run_until([] { return true; });  // sends its first flight

  EXPECT_TRUE(world.wait_until([&] { return world.stats().refused.read() >= 1; }));
  EXPECT_EQ(world.stats().connections.read(), 0);
}

TEST(QuicEndpoint, gives_up_a_handshake_that_takes_too_long) {
  QuicWorld world({.rules = {.handshake_timeout = 100ms}});
  auto client = world.client();
  client->run_until([] { return true; });  // sends its first flight, and nothing more

  EXPECT_TRUE(world.wait_until([&] { return world.stats().handshakes_timed_out.read() == 1; }));

  EXPECT_TRUE(world.wait_until([&] { return world.stats().connections.read() == 0; }));
  ASSERT_TRUE(world.end());
  EXPECT_EQ(world.end()->cause, QuicEnd::Cause::handshake_timeout);
}

TEST(QuicEndpoint, ends_a_connection_that_is_silent) {
  QuicWorld world({.rules = {.idle_timeout = 200ms, .keep_alive = 0s}});
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));

  EXPECT_TRUE(world.wait_until([&] { return world.end().has_value(); }));

  EXPECT_EQ(world.end()->cause, QuicEnd::Cause::idle);
  EXPECT_EQ(world.stats().ended_idle.read(), 1);
}

TEST(QuicEndpoint, keeps_a_silent_connection_alive) {
  QuicWorld world({.rules = {.keep_alive = 20ms}});
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));
  const std::uint64_t before = world.stats().datagrams_out.read();

  // The client says nothing but that it has heard.
  EXPECT_TRUE(client->run_until([&] { return world.stats().datagrams_out.read() > before + 10; }));

  EXPECT_FALSE(client->closed());
  EXPECT_FALSE(world.end());
}

TEST(QuicEndpoint, tells_the_client_why_it_closes) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));

  world.on_shard([&] { world.protocol().connection.close(0x10c, "enough"); });

  ASSERT_TRUE(client->run_until([&] { return client->closed().has_value(); }));
  EXPECT_EQ(client->closed()->code, 0x10c);
  EXPECT_TRUE(client->closed()->is_application);
  EXPECT_EQ(client->closed()->reason, "enough");
  ASSERT_TRUE(world.wait_until([&] { return world.end().has_value(); }));
  EXPECT_EQ(world.end()->cause, QuicEnd::Cause::local);
  EXPECT_EQ(world.stats().ended_locally.read(), 1);
}

TEST(QuicEndpoint, hears_why_the_client_closes) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));

  client->close(0x100, "bye");

  ASSERT_TRUE(world.wait_until([&] { return world.end().has_value(); }));
  EXPECT_EQ(world.end()->cause, QuicEnd::Cause::peer);
  EXPECT_EQ(world.end()->code, 0x100);
  EXPECT_TRUE(world.end()->is_application);
  EXPECT_EQ(world.end()->reason, "bye");
  EXPECT_TRUE(world.wait_until([&] { return world.stats().connections.read() == 0; }));
}

TEST(QuicEndpoint, repeats_its_close_to_a_client_that_goes_on) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  const StreamId stream = client->open_uni();
  client->send(stream, "one", false);
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));
  world.on_shard([&] { world.protocol().connection.close(0x100, ""); });
  ASSERT_TRUE(world.wait_until([&] { return world.stats().connections.read() == 0; }));
  client->drop_arrived();  // the first one is lost

  client->send(stream, "two", false);

  EXPECT_TRUE(client->run_until([&] { return client->closed().has_value(); }));
  EXPECT_EQ(world.stats().stateless_resets.read(), 0);
}

TEST(QuicEndpoint, closes_all_and_refuses_new_ones) {
  QuicWorld world;
  auto one = world.client();
  auto two = world.client();
  ASSERT_TRUE(one->connect());
  ASSERT_TRUE(two->connect());
  ASSERT_TRUE(two->run_until([&] { return world.stats().handshakes.read() == 2; }));

  world.on_shard([&] {
    world.endpoints[0]->refuse_new();
    world.endpoints[0]->close_all(0x100, "going away");
  });
  auto late = world.client();

  EXPECT_TRUE(one->run_until([&] { return one->closed().has_value(); }));
  EXPECT_TRUE(two->run_until([&] { return two->closed().has_value(); }));
  EXPECT_EQ(one->closed()->reason, "going away");
  EXPECT_FALSE(late->connect());
  ASSERT_TRUE(late->closed());
  EXPECT_EQ(late->closed()->code, 0x02);  // CONNECTION_REFUSED
  EXPECT_EQ(world.stats().refused.read(), 1);
}

TEST(QuicEndpoint, refuses_connections_above_the_limit) {
  QuicWorld world({.rules = {.connections_max = 1}});
  auto one = world.client();
  ASSERT_TRUE(one->connect());
  auto two = world.client();

  EXPECT_FALSE(two->connect());

  EXPECT_EQ(world.stats().refused.read(), 1);
}

TEST(QuicEndpoint, asks_for_a_proof_of_the_address_under_stress) {
  QuicWorld world({.rules = {.retry_above = 0}});
  auto client = world.client();

  EXPECT_TRUE(client->connect());

  EXPECT_TRUE(client->was_retried());
  EXPECT_EQ(world.stats().retries.read(), 1);
}

TEST(QuicEndpoint, lets_an_old_handshake_give_way_to_a_new_one) {
  QuicWorld world({.rules = {.half_open_usual = 1, .half_open_time = 0ms}});
  auto slow = world.client();
  slow->run_until([] { return true; });  // says hello, and nothing after that
  ASSERT_TRUE(world.wait_until([&] { return world.stats().handshakes_open.read() == 1; }));
  auto quick = world.client();

  EXPECT_TRUE(quick->connect());

  EXPECT_EQ(world.stats().handshakes_displaced.read(), 1);
  EXPECT_EQ(world.stats().connections.read(), 1);
}

TEST(QuicEndpoint, lets_a_young_handshake_give_way_when_there_are_too_many) {
  QuicWorld world({.rules = {.half_open_time = 1h, .half_open_max = 1}});
  auto slow = world.client();
  slow->run_until([] { return true; });
  ASSERT_TRUE(world.wait_until([&] { return world.stats().handshakes_open.read() == 1; }));

  EXPECT_TRUE(world.client()->connect());

  EXPECT_EQ(world.stats().handshakes_displaced.read(), 1);
  EXPECT_EQ(world.stats().handshakes_failed.read(), 0);
}

TEST(QuicEndpoint, lets_no_young_handshake_give_way) {
  QuicWorld world({.rules = {.half_open_usual = 1, .half_open_time = 1h}});
  auto slow = world.client();
  slow->run_until([] { return true; });
  ASSERT_TRUE(world.wait_until([&] { return world.stats().handshakes_open.read() == 1; }));
  auto quick = world.client();

  EXPECT_TRUE(quick->connect());
  EXPECT_TRUE(slow->connect());

  EXPECT_EQ(world.stats().handshakes_displaced.read(), 0);
}

TEST(QuicEndpoint, asks_for_a_proof_of_the_address_while_first_datagrams_make_no_sense) {
  QuicWorld world({.rules = {.false_starts_max = 1}});
  const LoopbackSocket socket(world.port);
  socket.send(datagram_of(0xc0, NGTCP2_PROTO_VER_V1, 1200));
  ASSERT_TRUE(world.wait_until([&] { return world.stats().handshakes_failed.read() == 1; }));
  auto client = world.client();

  EXPECT_TRUE(client->connect());

  EXPECT_TRUE(client->was_retried());
}

TEST(QuicEndpoint, refuses_a_forged_token) {
  QuicWorld world;
  auto options = world.client_options();
  options.token.assign(80, 0x22);
  options.token[0] = NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2;
  auto client = world.client(options);

  EXPECT_FALSE(client->connect());

  ASSERT_TRUE(client->closed());
  EXPECT_EQ(client->closed()->code, 0x0b);  // INVALID_TOKEN
  EXPECT_EQ(world.stats().tokens_invalid.read(), 1);
  EXPECT_EQ(world.stats().connections.read(), 0);
}

TEST(QuicEndpoint, takes_an_unknown_token_for_none) {
  QuicWorld world;
  auto options = world.client_options();
  options.token.assign(40, 0x22);
  auto client = world.client(options);

  EXPECT_TRUE(client->connect());
}

TEST(QuicEndpoint, names_its_version_to_a_client_with_another) {
  QuicWorld world;
  const LoopbackSocket socket(world.port);

  socket.send(datagram_of(0xc0, 0x5a5a5a5a, 1200));

  const auto answer = socket.receive(5s);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at(0) & 0x80, 0x80);
  EXPECT_EQ(std::vector(answer->begin() + 1, answer->begin() + 5),
            std::vector<std::uint8_t>({0, 0, 0, 0}));
  EXPECT_LT(answer->size(), 1200);
  EXPECT_EQ(world.stats().version_negotiations.read(), 1);
}

TEST(QuicEndpoint, does_not_answer_small_datagrams) {
  QuicWorld world;
  const LoopbackSocket socket(world.port);

  socket.send(datagram_of(0xc0, 0x5a5a5a5a, 1199));
  socket.send(datagram_of(0xc0, NGTCP2_PROTO_VER_V1, 300));

  EXPECT_TRUE(world.wait_until(
      [&] { return world.stats().unknown.read() + world.stats().malformed.read() == 2; }));
  EXPECT_EQ(world.stats().datagrams_out.read(), 0);
}

TEST(QuicEndpoint, forgets_a_first_datagram_that_cannot_be_read) {
  QuicWorld world;
  const LoopbackSocket socket(world.port);

  socket.send(datagram_of(0xc0, NGTCP2_PROTO_VER_V1, 1200));

  EXPECT_TRUE(world.wait_until([&] { return world.stats().datagrams_in.read() == 1; }));
  EXPECT_TRUE(world.wait_until([&] { return world.stats().connections.read() == 0; }));
  EXPECT_EQ(world.stats().handshakes_open.read(), 0);
  EXPECT_EQ(world.stats().datagrams_out.read(), 0);
}

TEST(QuicEndpoint, counts_garbage) {
  QuicWorld world;
  const LoopbackSocket socket(world.port);

  socket.send(as_bytes("x"));
  socket.send({});
  socket.send(as_bytes("\x80 is too short for a long header"));
  socket.send(as_bytes("the fixed bit of this one is not set: \x01"));
  socket.send(std::vector<std::uint8_t>(1200, 0x00));

  EXPECT_TRUE(world.wait_until([&] { return world.stats().datagrams_in.read() == 5; }));
  EXPECT_EQ(world.stats().malformed.read() + world.stats().unknown.read() +
                world.stats().stateless_resets.read(),
            5);
  EXPECT_EQ(world.stats().connections.read(), 0);
}

TEST(QuicEndpoint, tells_a_stranger_with_a_short_header_that_its_connection_is_lost) {
  QuicWorld world;
  const LoopbackSocket socket(world.port);

  socket.send(std::vector<std::uint8_t>(100, 0x41));

  const auto answer = socket.receive(5s);
  ASSERT_TRUE(answer);
  EXPECT_GE(answer->size(), 21);
  EXPECT_LT(answer->size(), 100);
  EXPECT_EQ(world.stats().stateless_resets.read(), 1);
}

TEST(QuicEndpoint, answers_few_strangers) {
  QuicWorld world;
  const LoopbackSocket socket(world.port);

  for (int i = 0; i < 300; ++i) socket.send(std::vector<std::uint8_t>(100, 0x41));

  EXPECT_TRUE(world.wait_until(
      [&] { return world.stats().stateless_resets.read() + world.stats().unknown.read() == 300; }));
  EXPECT_EQ(world.stats().stateless_resets.read(), 200);
}

TEST(QuicEndpoint, steers_datagrams_to_the_shard_that_their_id_names) {
  QuicWorld world({.shards = 2});
  std::vector<std::unique_ptr<QuicClient>> clients;
  for (std::uint8_t i = 0; i < 6; ++i) {
    auto options = world.client_options();
    options.first_cid_byte = static_cast<std::uint8_t>(i < 2 ? 10 : 11);
    clients.push_back(world.client(options));
    ASSERT_TRUE(clients.back()->connect());
    // From another port: the address must not matter.
    clients.back()->change_port();
    clients.back()->send(clients.back()->open_uni(), "hello", true);
  }

  for (auto& client : clients)
    EXPECT_TRUE(client->run_until([&] { return client->stream(2).is_closed; }));

  EXPECT_EQ(world.stats(0).handshakes.read(), 2);
  EXPECT_EQ(world.stats(1).handshakes.read(), 4);
  for (std::size_t shard : {0, 1}) {
    EXPECT_EQ(world.stats(shard).misrouted.read(), 0);
    EXPECT_EQ(world.stats(shard).stateless_resets.read(), 0);
  }
}

TEST(QuicEndpoint, follows_a_client_to_another_port) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());
  ASSERT_TRUE(client->run_until([&] { return world.stats().handshakes.read() == 1; }));
  const std::string before = client->local_address();

  client->change_port();
  client->send(client->open_uni(), "hello", true);

  EXPECT_TRUE(client->run_until([&] {
    return world.on_shard([&] { return world.protocol().connection.remote_address(); }) ==
           client->local_address();
  }));
  EXPECT_NE(client->local_address(), before);
  EXPECT_TRUE(client->run_until([&] { return client->stream(2).is_closed; }));
}

TEST(QuicEndpoint, serves_ipv4_on_a_socket_of_both_families) {
  QuicWorld world({.address = "::"});
  auto client = world.client();

  ASSERT_TRUE(client->connect());

  client->send(client->open_uni(), "hello", true);
  EXPECT_TRUE(client->run_until([&] { return client->stream(2).is_closed; }));
  EXPECT_EQ(world.on_shard([&] { return world.protocol().connection.remote_address(); }),
            client->local_address());
}

TEST(QuicEndpoint, ends_when_its_world_ends) {
  QuicWorld world;
  auto client = world.client();
  ASSERT_TRUE(client->connect());

  world.stop();

  ASSERT_TRUE(world.end());
  EXPECT_EQ(world.end()->cause, QuicEnd::Cause::local);
}

}  // namespace
}  // namespace parley
