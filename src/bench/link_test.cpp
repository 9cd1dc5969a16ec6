#include "bench/link.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::bench {
namespace {

constexpr TimePoint start{1000s};

TEST(LinkWay, delays) {
  LinkWay way({.delay = 30ms}, 1);

  EXPECT_EQ(way.pass_datagram(start, 1200), start + 30ms);
  EXPECT_EQ(way.pass_stream(start + 5ms, 1200), start + 35ms);
}

TEST(LinkWay, lets_no_more_out_than_its_rate) {
  LinkWay way({.bits_per_second = 8e6}, 1);  // 1 000 bytes each millisecond

  EXPECT_EQ(way.pass_datagram(start, 1000), start + 1ms);
  EXPECT_EQ(way.pass_datagram(start, 1000), start + 2ms);
  EXPECT_EQ(way.pass_datagram(start + 10ms, 1000), start + 11ms);
}

TEST(LinkWay, loses_what_its_queue_does_not_hold) {
  LinkWay way({.bits_per_second = 8e6}, 1);
  int passed = 0;
  while (way.pass_datagram(start, 1000)) ++passed;

  EXPECT_EQ(passed, 201);
  EXPECT_TRUE(way.pass_datagram(start + 100ms, 1000).has_value());
}

TEST(LinkWay, loses_its_share_of_datagrams) {
  LinkWay way({.loss = 0.05}, 7);
  int lost = 0;
  for (int i = 0; i < 10'000; ++i) lost += way.pass_datagram(start, 1200) ? 0 : 1;

  EXPECT_NEAR(lost, 500, 80);
}

TEST(LinkWay, stalls_a_stream_for_a_round_trip_instead_and_keeps_its_order) {
  LinkWay way({.loss = 0.5, .delay = 30ms}, 7);
  TimePoint last = start;
  int stalls = 0;
  for (int i = 0; i < 100; ++i) {
    const TimePoint due = way.pass_stream(start + i * 100ms, 1000);
    EXPECT_GE(due, last);
    if (due > start + i * 100ms + 30ms) ++stalls;
    last = due;
  }

  EXPECT_GT(stalls, 30);
  EXPECT_LT(stalls, 70);
}

TEST(LinkQueue, gives_out_what_is_due_in_order) {
  LinkQueue queue;
  queue.add(start + 1ms, as_bytes("one"));
  queue.add(start + 2ms, as_bytes("two"));

  EXPECT_FALSE(queue.take(start).has_value());
  EXPECT_EQ(queue.bytes(), 6U);
  EXPECT_EQ(as_text(queue.take(start + 5ms).value()), "one");
  EXPECT_EQ(queue.next_due(), start + 2ms);
  EXPECT_EQ(as_text(queue.take(start + 5ms).value()), "two");
  EXPECT_EQ(queue.next_due(), never);
}

TEST(Link, takes_trains_apart_and_keeps_its_two_ways_apart) {
  Link link({.delay = 30ms}, 1);
  const std::string train(2'000, 't');

  link.leave_datagrams(as_bytes(train), 1'200, start);
  link.arrive_stream(as_bytes("hello"), start + 1ms);

  EXPECT_EQ(link.leaving_bytes(), 2'000U);
  EXPECT_EQ(link.arriving_bytes(), 5U);
  EXPECT_EQ(link.next_due(), start + 30ms);
  EXPECT_EQ(link.take_leaving(start + 30ms).value().size(), 1'200U);
  EXPECT_EQ(link.take_leaving(start + 30ms).value().size(), 800U);
  EXPECT_FALSE(link.take_arriving(start + 30ms).has_value());
  EXPECT_EQ(as_text(link.take_arriving(start + 31ms).value()), "hello");
  EXPECT_EQ(link.next_due(), never);
}

TEST(Link, loses_other_datagrams_each_way) {
  Link link({.loss = 0.5}, 0);
  const std::string train(1'000, 't');

  link.leave_datagrams(as_bytes(train), 1, start);
  link.arrive_datagrams(as_bytes(train), 1, start);

  EXPECT_NE(link.leaving_bytes(), link.arriving_bytes());
}

}  // namespace
}  // namespace parley::bench
