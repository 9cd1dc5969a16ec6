// The ends and windows of streams, over a real endpoint.
#include <gtest/gtest.h>

#include "quic/testing/quic_client.h"
#include "quic/testing/quic_world.h"

namespace parley {
namespace {

TEST(QuicStreams, hears_that_the_client_gives_up_a_stream) {
  QuicWorld world({.rules = {.connection_window = 50'000, .stream_window = 30'000}});
  world.on_stream_data = [](TestProtocol&, StreamId, Bytes, bool) {};    // gives nothing back …
  world.on_stream_reset = [](TestProtocol& protocol, StreamId stream) {  // … before the end
    protocol.connection.give_back(protocol.streams[stream].bytes.size());
  };
  auto client = connected(world);

  // Together more than the connection's window.
  for (int i = 0; i < 10; ++i) {
    const StreamId stream = client->open_uni();
    client->send(stream, bytes_of(20'000), false);
    ASSERT_TRUE(client->run_until([&] {
      return world.on_shard([&] { return world.protocol().streams[stream].bytes.size(); }) ==
             20'000;
    }));
    client->reset(stream, 77);
    ASSERT_TRUE(client->run_until([&] {
      return world.on_shard([&] { return world.protocol().streams[stream].closed.has_value(); });
    }));
    EXPECT_EQ(world.on_shard([&] { return world.protocol().streams[stream].reset; }), 77);
  }
}

TEST(QuicStreams, gives_credit_for_streams_that_are_reset_before_they_are_seen) {
  QuicWorld world({.rules = {.uni_streams = 10}});
  auto client = connected(world);
  int opened = 0;

  ASSERT_TRUE(client->run_until([&] {
    for (; opened < 100; ++opened) {
      const StreamId stream = client->open_uni();
      if (stream < 0) return false;
      client->reset(stream, 1);
    }
    return true;
  }));

  EXPECT_TRUE(client->run_until([&] { return client->uni_streams_left() >= 5; }));
  EXPECT_EQ(world.on_shard([&] { return world.protocol().streams.size(); }), 100);
  EXPECT_EQ(world.stats().streams_reset_unseen.read(), 100);
}

TEST(QuicStreams, gives_credit_for_requests_that_are_reset_before_they_are_seen) {
  QuicWorld world({.rules = {.bidi_streams = 4}});
  auto client = connected(world);
  int opened = 0;

  EXPECT_TRUE(client->run_until([&] {
    for (; opened < 20; ++opened) {
      const StreamId stream = client->open_bidi();
      if (stream < 0) return false;
      client->reset(stream, 1);
    }
    return true;
  }));
}

TEST(QuicStreams, ends_a_client_that_resets_streams_without_end) {
  QuicWorld world({.rules = {.uni_streams = 2000}});
  auto client = connected(world);

  for (int i = 0; i < 1500; ++i) client->reset(client->open_uni(), 1);

  ASSERT_TRUE(client->run_until([&] { return client->closed().has_value(); }));
  EXPECT_EQ(client->closed()->code, 0x107);
}

TEST(QuicStreams, gives_up_a_stream_once_its_first_bytes_have_arrived) {
  QuicWorld world;
  auto options = world.client_options();
  options.stream_window = 5'000;
  options.reads = false;
  auto client = connected(world, options);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    const auto stream = connection.open_uni(Urgency::video);
    connection.write_packet(*stream, as_bytes("abc"), packet_of(20'000));
    connection.reset(*stream, 9, 3);
  });

  ASSERT_TRUE(client->run_until([&] { return client->stream(3).reset.has_value(); }));
  EXPECT_EQ(*client->stream(3).reset, 9);
  EXPECT_EQ(client->stream(3).bytes, "abc");
  EXPECT_TRUE(client->run_until(
      [&] { return world.on_shard([&] { return world.protocol().streams[3].closed; }) == 0; }));
}

TEST(QuicStreams, gives_up_a_stream_in_the_middle) {
  QuicWorld world;
  auto options = world.client_options();
  options.stream_window = 5'000;
  options.reads = false;
  auto client = connected(world, options);
  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    connection.write_packet(*connection.open_uni(Urgency::video), {}, packet_of(20'000));
  });
  ASSERT_TRUE(client->run_until([&] { return client->stream(3).bytes.size() == 5'000; }));

  world.on_shard([&] { world.protocol().connection.reset(3, 9, 3); });

  EXPECT_TRUE(client->run_until([&] { return client->stream(3).reset.has_value(); }));
}

TEST(QuicStreams, stops_what_the_client_sends) {
  QuicWorld world({.rules = {.connection_window = 30'000, .stream_window = 20'000}});
  world.on_stream_data = [](TestProtocol& protocol, StreamId stream, Bytes bytes, bool) {
    protocol.connection.give_back(bytes.size());
    protocol.connection.stop(stream, 55);
  };
  auto client = connected(world);

  const StreamId stream = client->open_uni();
  client->send(stream, bytes_of(200'000), true);

  EXPECT_TRUE(client->run_until([&] {
    return world.on_shard([&] { return world.protocol().streams[stream].closed.has_value(); });
  }));
  EXPECT_LT(world.on_shard([&] { return world.protocol().streams[stream].bytes.size(); }), 20'000);
  EXPECT_TRUE(client->run_until([&] { return client->stream(stream).is_closed; }));
  EXPECT_EQ(client->stream(stream).close_code, 55);
}

TEST(QuicStreams, is_told_that_the_client_wants_no_more_of_a_stream) {
  QuicWorld world;
  auto options = world.client_options();
  options.stream_window = 5'000;
  options.reads = false;
  auto client = connected(world, options);
  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    connection.write_packet(*connection.open_uni(Urgency::video), {}, packet_of(20'000));
  });
  ASSERT_TRUE(client->run_until([&] { return client->stream(3).bytes.size() == 5'000; }));

  client->stop(3, 66);

  EXPECT_TRUE(client->run_until(
      [&] { return world.on_shard([&] { return world.protocol().streams[3].closed; }) == 66; }));
}

TEST(QuicStreams, opens_as_many_streams_as_the_client_grants) {
  QuicWorld world;
  auto options = world.client_options();
  options.uni_streams = 3;
  auto client = connected(world, options);

  world.on_shard([&] {
    QuicConnection& connection = world.protocol().connection;
    EXPECT_EQ(connection.uni_streams_left(), 3);
    for (int i = 0; i < 3; ++i)
      connection.write(*connection.open_uni(Urgency::data), Buffer::copy_of(as_bytes("x")), true);
    EXPECT_FALSE(connection.open_uni(Urgency::data));
  });

  EXPECT_TRUE(client->run_until([&] {
    return world.on_shard([&] { return world.protocol().connection.uni_streams_left(); }) == 3;
  }));
}

TEST(QuicStreams, holds_the_client_to_its_windows_until_bytes_are_given_back) {
  QuicWorld world({.rules = {.connection_window = 10'000, .stream_window = 10'000}});
  world.on_stream_data = [](TestProtocol&, StreamId, Bytes, bool) {};
  auto client = connected(world);
  client->send(client->open_uni(), bytes_of(15'000), true);
  const auto received = [&] {
    return world.on_shard([&] { return world.protocol().streams[2].bytes.size(); });
  };
  ASSERT_TRUE(client->run_until([&] { return received() == 10'000; }));

  world.on_shard([&] {
    world.protocol().connection.give_back_to_stream(2, 10'000);
    world.protocol().connection.give_back(10'000);
  });

  EXPECT_TRUE(client->run_until([&] { return received() == 15'000; }));
}

TEST(QuicStreams, widen_the_window_and_narrow_it_as_bytes_are_given_back) {
  QuicWorld world({.rules = {.connection_window = 10'000, .stream_window = 100'000}});
  world.on_stream_data = [](TestProtocol&, StreamId, Bytes, bool) {};
  auto client = connected(world);
  client->send(client->open_uni(), bytes_of(50'000), true);
  const auto received = [&] {
    return world.on_shard([&] { return world.protocol().streams[2].bytes.size(); });
  };
  ASSERT_TRUE(client->run_until([&] { return received() == 10'000; }));

  world.on_shard([&] { world.protocol().connection.widen(8'000); });
  ASSERT_TRUE(client->run_until([&] { return received() == 18'000; }));

  world.on_shard([&] {
    world.protocol().connection.widen(0);
    world.protocol().connection.give_back(18'000);
  });
  EXPECT_TRUE(client->run_until([&] { return received() == 28'000; })) << "8 000 are kept";
  EXPECT_EQ(received(), 28'000);
}

TEST(QuicStreams, grant_the_client_a_new_one_for_each_that_is_over) {
  QuicWorld world({.rules = {.keep_alive = 50ms, .uni_streams = 8}});
  world.on_stream_data = [](TestProtocol& protocol, StreamId, Bytes bytes, bool) {
    protocol.connection.give_back(bytes.size());
  };
  auto client = connected(world);
  ASSERT_EQ(client->uni_streams_left(), 8);

  client->send(client->open_uni(), "one", true);
  EXPECT_TRUE(client->run_until([&] { return client->uni_streams_left() == 8; })) << "in time";
  for (int i = 0; i < 8; ++i) client->send(client->open_uni(), "more", true);
  EXPECT_TRUE(client->run_until([&] { return client->uni_streams_left() == 8; }));
}

}  // namespace
}  // namespace parley
