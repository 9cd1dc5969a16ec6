#include "quic/quic_connection.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "quic/testing/quic_client.h"
#include "quic/testing/quic_world.h"

namespace parley {
namespace {

TEST(QuicConnection, sends_its_first_bytes_with_the_handshake) {
  QuicWorld world;
  world.on_ready = [](TestProtocol& protocol) {
    const auto stream = protocol.connection.open_uni(Urgency::control);
    protocol.connection.write(*stream, Buffer::copy_of(as_bytes("settings")), false);
  };
  auto client = world.client();

  ASSERT_TRUE(client->connect());

  EXPECT_TRUE(client->run_until([&] { return client->stream(3).bytes == "settings"; }));
  EXPECT_FALSE(client->stream(3).is_over);
}

TEST(QuicConnection, echoes_on_one_way_and_two_way_streams) {
  QuicWorld world;
  echo(world);
  auto client = connected(world);

  client->send(client->open_uni(), "one way", true);
  client->send(client->open_bidi(), "two ways", true);

  EXPECT_TRUE(client->run_until([&] { return client->stream(3).is_over; }));
  EXPECT_TRUE(client->run_until([&] { return client->stream(0).is_over; }));
  EXPECT_EQ(client->stream(3).bytes, "one way");
  EXPECT_EQ(client->stream(0).bytes, "two ways");
}

TEST(QuicConnection, echoes_four_megabytes) {
  QuicWorld world;
  echo(world);
  auto client = connected(world);
  const std::string message = bytes_of(4'000'000);

  client->send(client->open_bidi(), message, true);

  ASSERT_TRUE(client->run_until([&] { return client->stream(0).is_over; }));
  EXPECT_TRUE(client->stream(0).bytes == message);
  EXPECT_TRUE(client->run_until([&] {
    return world.on_shard([&] { return world.protocol().streams.at(0).closed.has_value(); });
  }));
}

TEST(QuicConnection, loses_nothing_when_datagrams_are_lost) {
  QuicWorld world;
  echo(world);
  auto options = world.client_options();
  options.loses_each = 13;
  auto client = connected(world, options);
  const std::string message = bytes_of(500'000);

  client->send(client->open_bidi(), message, true);
  for (int i = 0; i < 30; ++i) client->send(client->open_uni(), bytes_of(3'000), true);

  ASSERT_TRUE(client->run_until([&] { return client->stream(0).is_over; }));
  EXPECT_TRUE(client->stream(0).bytes == message);
  for (StreamId stream = 3; stream < 3 + 30 * 4; stream += 4) {
    ASSERT_TRUE(client->run_until([&] { return client->stream(stream).is_over; }));
    EXPECT_EQ(client->stream(stream).bytes, bytes_of(3'000));
  }
}

TEST(QuicConnection, sends_many_packets_with_one_call) {
  QuicWorld world;
  auto client = connected(world);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    connection.write_packet(*connection.open_uni(Urgency::data), {}, packet_of(3'000'000));
  });

  ASSERT_TRUE(client->run_until([&] { return client->stream(3).is_over; }));
  EXPECT_GT(world.stats().datagrams_out.read(), 2'000);
  EXPECT_LT(world.stats().sends.read() * 5, world.stats().datagrams_out.read());
}

TEST(QuicConnection, sends_a_packet_behind_its_prefix_without_its_headroom) {
  QuicWorld world;
  auto client = connected(world);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    const auto stream = connection.open_uni(Urgency::data);
    connection.write_packet(*stream, as_bytes("prefix:"), packet_of(3000));
  });

  ASSERT_TRUE(client->run_until([&] { return client->stream(3).is_over; }));
  EXPECT_EQ(client->stream(3).bytes, "prefix:" + bytes_of(3000));
}

TEST(QuicConnection, sends_empty_things) {
  QuicWorld world;
  auto client = connected(world);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    const auto empty_packet = connection.open_uni(Urgency::data);
    connection.write_packet(*empty_packet, {}, packet_of(0));
    const auto empty_bytes = connection.open_uni(Urgency::data);
    connection.write(*empty_bytes, Buffer(), true);
    const auto late_end = connection.open_uni(Urgency::data);
    connection.write(*late_end, Buffer::copy_of(as_bytes("x")), false);
    connection.write(*late_end, Buffer(), false);
    connection.write(*late_end, Buffer(), true);
    EXPECT_FALSE(connection.send_datagram({}, Buffer()));
    EXPECT_TRUE(connection.send_datagram(as_bytes("p"), Buffer()));
    EXPECT_TRUE(connection.send_datagram({}, Buffer::copy_of(as_bytes("q"))));
  });

  for (const StreamId stream : {3, 7, 11})
    EXPECT_TRUE(client->run_until([&] { return client->stream(stream).is_over; }));
  EXPECT_EQ(client->stream(3).bytes, "");
  EXPECT_EQ(client->stream(11).bytes, "x");
  EXPECT_TRUE(client->run_until([&] { return client->datagrams().size() == 2; }));
}

TEST(QuicConnection, echoes_datagrams) {
  QuicWorld world;
  world.on_datagram = [](TestProtocol& protocol, Bytes payload) {
    protocol.connection.send_datagram(as_bytes("echo "), Buffer::copy_of(payload));
  };
  auto client = connected(world);

  client->send_datagram("one");
  client->send_datagram(bytes_of(1000));

  ASSERT_TRUE(client->run_until([&] { return client->datagrams().size() == 2; }));
  EXPECT_EQ(client->datagrams()[0], "echo one");
  EXPECT_EQ(client->datagrams()[1], "echo " + bytes_of(1000));
}

TEST(QuicConnection, takes_no_datagram_that_does_not_fit_or_is_one_too_many) {
  QuicWorld world;
  auto client = connected(world);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    const std::size_t most = connection.datagram_bytes_max();
    EXPECT_GE(most, 1100);
    EXPECT_FALSE(connection.send_datagram({}, Buffer::copy_of(as_bytes(bytes_of(most + 1)))));
    EXPECT_TRUE(connection.send_datagram({}, Buffer::copy_of(as_bytes(bytes_of(most)))));
    for (std::size_t i = 1; i < QuicConnection::datagrams_max; ++i)
      EXPECT_TRUE(connection.send_datagram({}, Buffer::copy_of(as_bytes("small"))));
    EXPECT_FALSE(connection.send_datagram({}, Buffer::copy_of(as_bytes("small"))));
  });

  EXPECT_TRUE(client->run_until(
      [&] { return client->datagrams().size() == QuicConnection::datagrams_max; }));
  EXPECT_EQ(world.stats().datagrams_too_large.read(), 1);
  EXPECT_EQ(world.stats().datagrams_overflowed.read(), 1);
}

TEST(QuicConnection, sends_no_datagrams_to_a_client_that_takes_none) {
  QuicWorld world;
  auto options = world.client_options();
  options.datagram_bytes_max = 0;
  auto client = connected(world, options);

  world.on_shard([&] {
    EXPECT_EQ(world.protocol().connection.datagram_bytes_max(), 0);
    EXPECT_FALSE(world.protocol().connection.send_datagram({}, Buffer::copy_of(as_bytes("x"))));
  });
}

TEST(QuicConnection, sends_small_things_together) {
  QuicWorld world;
  auto client = connected(world);
  // Until nothing of the handshake is on its way any more.
  ASSERT_TRUE(client->run_until([&] { return world.stats().sends.read() > 0; }));
  const std::uint64_t before = world.stats().datagrams_out.read();

  const std::uint64_t after = world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    for (int i = 0; i < 10; ++i)
      connection.write_packet(*connection.open_uni(Urgency::audio), {}, packet_of(80));
    connection.send_datagram({}, Buffer::copy_of(as_bytes("beside")));
    return before;
  });

  ASSERT_TRUE(client->run_until([&] { return client->stream(39).is_over; }));
  ASSERT_TRUE(client->run_until([&] { return client->datagrams().size() == 1; }));
  // One packet of data; perhaps a path MTU probe, acknowledgements and handshake leftovers.
  EXPECT_LE(world.stats().datagrams_out.read() - after, 6);
}

TEST(QuicConnection, lets_an_acknowledgement_ride_with_what_is_sent_soon) {
  QuicWorld world;
  auto client = connected(world);
  const std::uint64_t before = world.stats().datagrams_out.read();

  constexpr std::size_t exchanges = 40;
  for (std::size_t i = 1; i <= exchanges; ++i) {
    // So long that neither side's ngtcp2 would hold an acknowledgement back itself.
    client->run_until([] { return false; }, 3ms);
    client->send_datagram("said");
    EXPECT_TRUE(client->run_until(
        [&] { return world.on_shard([&] { return world.protocol().datagrams.size(); }) == i; }));
    client->run_until([] { return false; }, 3ms);
    world.on_shard([&] {
      world.protocol().connection.send_datagram({}, Buffer::copy_of(as_bytes("answered")));
    });
    EXPECT_TRUE(client->run_until([&] { return client->datagrams().size() == i; }));
  }

  // Some leftovers of the handshake, and what a busy machine delays.
  EXPECT_LE(world.stats().datagrams_out.read() - before, exchanges + exchanges / 2);
}

TEST(QuicConnection, acknowledges_what_nothing_is_sent_after) {
  QuicWorld world;
  auto client = connected(world);
  client->send(client->open_uni(), "the last word", true);

  const auto bytes_in_flight = [&] {
    ngtcp2_conn_info info;
    ngtcp2_conn_get_conn_info(client->native(), &info);
    return info.bytes_in_flight;
  };
  ASSERT_TRUE(client->run_until([&] { return bytes_in_flight() > 0; }));
  EXPECT_TRUE(client->run_until([&] { return bytes_in_flight() == 0; }));
}

TEST(QuicConnection, pulls_packets_when_there_is_room) {
  int left = 200;  // outlives the world, which uses it
  QuicWorld world;
  world.on_pull = [&left](TestProtocol& protocol, Urgency than) {
    if (left == 0 || than <= Urgency::data) return false;
    const auto stream = protocol.connection.open_uni(Urgency::data);
    if (!stream) return false;
    --left;
    protocol.connection.write_packet(*stream, {}, packet_of(5'000));
    return true;
  };
  auto client = connected(world);

  world.on_shard([&] { world.protocol().connection.wake(Urgency::control); });

  EXPECT_TRUE(client->run_until(
      [&] { return client->streams().size() >= 200 && client->stream(3 + 4 * 199).is_over; }));
}

TEST(QuicConnection, lets_audio_overtake_a_keyframe_that_is_half_sent) {
  int audio_left = 3;  // outlives the world, which uses it
  QuicWorld world;
  world.on_pull = [&](TestProtocol& protocol, Urgency than) {
    const bool is_video_under_way =
        std::ranges::any_of(protocol.flushes, &TestProtocol::Flush::accepted);
    if (audio_left == 0 || than <= Urgency::audio || !is_video_under_way) return false;
    --audio_left;
    protocol.connection.write_packet(*protocol.connection.open_uni(Urgency::audio), {},
                                     packet_of(150));
    return true;
  };
  auto client = connected(world);

  world.on_shard([&] {
    TestProtocol& protocol = world.protocol();
    protocol.flushes.clear();
    protocol.connection.write_packet(*protocol.connection.open_uni(Urgency::video), {},
                                     packet_of(95'000));
    protocol.connection.write_packet(*protocol.connection.open_uni(Urgency::video), {},
                                     packet_of(95'000));
  });

  for (const StreamId stream : {3, 7, 11, 15, 19})
    ASSERT_TRUE(client->run_until([&] { return client->stream(stream).is_over; }));
  EXPECT_LT(client->stream(11).order, client->stream(3).order);
  EXPECT_LT(client->stream(19).order, client->stream(3).order);
  EXPECT_LT(client->stream(3).order, client->stream(7).order);
}

TEST(QuicConnection, keeps_what_a_slow_client_does_not_take_and_says_so) {
  QuicWorld world;
  auto options = world.client_options();
  options.connection_window = 4'000;
  options.stream_window = 4'000;
  options.reads = false;
  auto client = connected(world, options);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    connection.write_packet(*connection.open_uni(Urgency::data), {}, packet_of(20'000));
    connection.write_packet(*connection.open_uni(Urgency::video), {}, packet_of(20'000));
  });

  ASSERT_TRUE(client->run_until([&] { return client->stream(3).bytes.size() == 4'000; }));
  const auto last = world.on_shard([&] {
    world.protocol().connection.wake(Urgency::control);
    return world.protocol().flushes.back();
  });
  EXPECT_TRUE(last.blocked);
  client->resume_reading();
  ASSERT_TRUE(client->run_until([&] { return client->stream(3).is_over; }));
  ASSERT_TRUE(client->run_until([&] { return client->stream(7).is_over; }));
  EXPECT_EQ(client->stream(7).bytes, bytes_of(20'000));
  EXPECT_TRUE(client->run_until(
      [&] { return world.on_shard([&] { return !world.protocol().flushes.back().blocked; }); }));
}

TEST(QuicConnection, calls_the_protocol_at_its_deadline) {
  QuicWorld world;
  auto client = connected(world);

  world.on_shard([&] {
    world.protocol().due = world.shards[0]->now().monotonic + 20ms;
    world.protocol().connection.wake(Urgency::control);
  });

  EXPECT_TRUE(client->run_until(
      [&] { return world.on_shard([&] { return world.protocol().deadlines; }) == 1; }));
}

TEST(QuicConnection, ends_when_more_is_written_than_may_wait) {
  QuicWorld world;
  auto options = world.client_options();
  options.reads = false;
  auto client = connected(world, options);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    for (int i = 0; i < 5; ++i)
      connection.write_packet(*connection.open_uni(Urgency::data), {}, packet_of(4'000'000));
  });

  ASSERT_TRUE(client->run_until([&] { return client->closed().has_value(); }));
  EXPECT_EQ(client->closed()->code, 0x107);
}

TEST(QuicConnection, finds_out_how_much_the_path_carries) {
  QuicWorld world;
  auto client = connected(world);
  client->send(client->open_uni(), "something to acknowledge", true);

  EXPECT_TRUE(client->run_until([&] {
    return world.on_shard([&] { return world.protocol().connection.datagram_bytes_max() > 1400; });
  }));
}

TEST(QuicConnection, measures_the_round_trip) {
  QuicWorld world;
  auto client = connected(world);

  EXPECT_TRUE(client->run_until(
      [&] { return world.on_shard([&] { return world.protocol().connection.rtt(); }) > 0ms; }));
}

}  // namespace
}  // namespace parley
