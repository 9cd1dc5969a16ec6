// When a connection is flushed: once a turn, and with others while the shard is busy.
#include <gtest/gtest.h>

#include <algorithm>

#include "quic/flush_hold.h"
#include "quic/testing/quic_client.h"
#include "quic/testing/quic_world.h"

namespace parley {
namespace {

/// Works on the shard until it is as busy as a hold can ask for.
void keep_busy(QuicWorld& world) {
  const auto busy = [&] { return world.on_shard([&] { return world.shards[0]->busy(); }); };
  for (int i = 0; i < 50 && busy() < 0.5; ++i)
    world.on_shard([] {
      for (const TimePoint begun = monotonic_now(); monotonic_now() - begun < 60ms;) {
      }
      return true;
    });
  ASSERT_GE(busy(), 0.4);
}

/// Wakes the connection with each of `urgencies`, and says in which turn.
TimePoint wake(QuicWorld& world, std::initializer_list<Urgency> urgencies) {
  return world.on_shard([&] {
    world.protocol().flushes.clear();
    for (const Urgency urgency : urgencies) world.protocol().connection.wake(urgency);
    return world.shards[0]->now().monotonic;
  });
}

TimePoint first_flush(QuicWorld& world, QuicClient& client) {
  TimePoint at = never;
  client.run_until([&] {
    at = world.on_shard([&] {
      const auto& flushes = world.protocol().flushes;
      return flushes.empty() ? never : flushes.front().at;
    });
    return at != never;
  });
  return at;
}

TEST(QuicFlush, one_is_enough_for_all_that_is_pulled_in_it) {
  int left = 0;  // outlives the world, which uses it
  QuicWorld world;
  world.on_pull = [&left](TestProtocol& protocol, Urgency than) {
    if (left == 0 || than <= Urgency::data) return false;
    --left;
    protocol.connection.write_packet(*protocol.connection.open_uni(Urgency::data), {},
                                     packet_of(700));
    return true;
  };
  auto client = connected(world);

  world.on_shard([&] { return left = 5; });
  const TimePoint turn = wake(world, {Urgency::control});

  ASSERT_TRUE(client->run_until(
      [&] { return client->streams().size() >= 5 && client->stream(3 + 4 * 4).is_over; }));
  const auto in_that_turn = world.on_shard(
      [&] { return std::ranges::count(world.protocol().flushes, turn, &TestProtocol::Flush::at); });
  EXPECT_EQ(in_that_turn, 1);
}

TEST(QuicFlush, video_waits_for_more_while_the_shard_is_busy) {
  QuicWorld world({.rules = {.video_hold = 50ms}});
  auto client = connected(world);

  // A timer of QUIC may come between; it does not come every time.
  Duration longest{};
  for (int i = 0; i < 20 && longest < 50ms; ++i) {
    keep_busy(world);
    const TimePoint woken = wake(world, {Urgency::video});
    longest = std::max(longest, first_flush(world, *client) - woken);
  }

  EXPECT_GE(longest, 50ms);
}

TEST(QuicFlush, video_does_not_wait_while_the_shard_has_time) {
  QuicWorld world({.rules = {.video_hold = 10s}});
  auto client = connected(world);
  const auto is_at_rest = [&] {
    return world.on_shard([&] { return world.shards[0]->busy() < 0.2; });
  };
  ASSERT_TRUE(client->run_until(is_at_rest));

  const TimePoint woken = wake(world, {Urgency::video});

  EXPECT_EQ(first_flush(world, *client), woken);
}

TEST(QuicFlush, audio_never_waits_and_takes_the_video_along) {
  QuicWorld world({.rules = {.video_hold = 10s}});
  auto client = connected(world);
  keep_busy(world);

  const TimePoint woken = wake(world, {Urgency::video, Urgency::audio});

  EXPECT_EQ(first_flush(world, *client), woken);
}

TEST(QuicFlush, a_connection_that_ends_while_it_waits_is_forgotten) {
  QuicWorld world({.rules = {.video_hold = 50ms}});
  auto client = connected(world);
  keep_busy(world);
  wake(world, {Urgency::video});

  client->close(0x100, "bye");

  ASSERT_TRUE(world.wait_until([&] { return world.stats().connections.read() == 0; }));
  auto another = world.client();
  ASSERT_TRUE(another->connect());
  ASSERT_TRUE(another->run_until([&] { return world.stats().handshakes.read() == 2; }));
  keep_busy(world);
  wake(world, {Urgency::video});
  EXPECT_NE(first_flush(world, *another), never);
}

}  // namespace
}  // namespace parley
