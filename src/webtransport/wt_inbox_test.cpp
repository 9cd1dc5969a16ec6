#include "webtransport/wt_inbox.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "webtransport/testing/media_packets.h"
#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

using namespace wt_test;
using Texts = std::vector<std::string>;

struct FakeOwner final : PartialBudget::Share::Owner {
  void on_room() override {}
};

std::string on_stream(std::string_view message) {
  return std::string(World::uni_head) + std::string(message);
}

TEST(WtInbox, gathers_a_message_however_it_is_cut) {
  const std::string bytes = on_stream("a message");
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (std::size_t second = first; second <= bytes.size(); ++second) {
      World world;
      world.opened();
      world.bring(6, bytes.substr(0, first));
      world.bring(6, bytes.substr(first, second - first));
      world.bring(6, bytes.substr(second), true);
      ASSERT_EQ(world.handler.log.messages, Texts{"a message"}) << first << ", " << second;
      ASSERT_EQ(world.quic.outstanding(), 0u);
    }
  }
}

TEST(WtInbox, gives_back_to_the_stream_at_once_and_to_the_connection_when_it_is_told) {
  World world;
  world.opened();
  const std::string piece(64 * 1024, 'x');
  world.bring(6, on_stream(piece));
  world.bring(6, piece);
  EXPECT_EQ(world.quic.stream(6).given_back, 3 + 2 * piece.size());
  EXPECT_EQ(world.quic.outstanding(), 3 + 2 * piece.size());

  world.bring(6, "the end", true);
  EXPECT_EQ(world.quic.outstanding(), 0u);
  EXPECT_EQ(world.handler.log.messages, Texts{piece + piece + "the end"});
}

TEST(WtInbox, stops_a_message_that_is_too_large_and_goes_on) {
  World world({.message_bytes_max = 1000});
  world.opened();
  world.message(6, std::string(1000, 'x'));
  world.bring(10, on_stream(std::string(999, 'x')));
  world.bring(10, "yz");
  world.message(14, std::string(1001, 'x'));

  EXPECT_EQ(world.quic.stream(10).stop_code, http3_code_of(StreamRefusal::too_large));
  EXPECT_EQ(world.handler.log.messages.size(), 1u);
  EXPECT_EQ(world.stats.messages_too_large.read(), 2u);
  EXPECT_EQ(world.quic.outstanding(), 0u);
  EXPECT_TRUE(world.handler.log.closes.empty());
  world.message(18, "fine");
  EXPECT_EQ(world.handler.log.messages.size(), 2u);
}

TEST(WtInbox, takes_the_largest_message) {
  World world;
  world.opened();
  const std::string piece(200'000, 'x');
  world.bring(6, on_stream(""));
  for (int i = 0; i < 20; ++i) world.bring(6, piece, i == 19);
  ASSERT_EQ(world.handler.log.messages.size(), 1u);
  EXPECT_EQ(world.handler.log.messages[0].size(), packet_bytes_max);
}

TEST(WtInbox, stops_the_newest_stream_when_too_much_is_unfinished) {
  World world({.unfinished_bytes_max = 10'000});
  world.opened();
  world.bring(10, on_stream(std::string(4000, 'x')));
  world.bring(6, on_stream(std::string(4000, 'x')));
  EXPECT_FALSE(world.quic.stream(10).stop_code);
  world.bring(6, std::string(4000, 'x'));

  EXPECT_EQ(world.quic.stream(10).stop_code, http3_code_of(StreamRefusal::overload));
  EXPECT_EQ(world.stats.streams_overloaded.read(), 1u);
  world.bring(6, std::string(50'000, 'x'), true);
  ASSERT_EQ(world.handler.log.messages.size(), 1u) << "one alone may be as long as any";
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, lets_only_the_oldest_of_several_long_messages_grow) {
  World world;
  world.opened();
  const std::string piece(100'000, 'x');
  world.bring(6, on_stream(piece));
  world.bring(10, on_stream(piece));
  EXPECT_EQ(world.quic.stream(6).given_back, 3 + piece.size());
  EXPECT_EQ(world.quic.stream(10).given_back, 0u);
  world.bring(14, on_stream("short"));
  EXPECT_EQ(world.quic.stream(14).given_back, 3u + 5);

  world.bring(6, "the end", true);
  EXPECT_EQ(world.quic.stream(10).given_back, 3 + piece.size());
}

TEST(WtInbox, borrows_for_a_long_message_until_it_is_whole) {
  World world;
  world.opened();
  world.bring(6, on_stream(std::string(WindowLoan::own_bytes - 3, 'x')));
  EXPECT_EQ(world.quic.wider_by, 0u);
  world.bring(6, "y");
  EXPECT_EQ(world.quic.wider_by, WindowLoan::step);
  EXPECT_EQ(world.shard_stats.partial_bytes.read(), WindowLoan::step);
  world.bring(6, std::string(WindowLoan::step, 'z'));
  EXPECT_EQ(world.quic.wider_by, 2 * WindowLoan::step);

  world.bring(6, "the end", true);
  EXPECT_EQ(world.quic.wider_by, 0u);
  EXPECT_EQ(world.shard_stats.partial_bytes.read(), 0u);
}

TEST(WtInbox, borrows_nothing_before_the_session) {
  World world;
  world.bring(6, on_stream(std::string(2 * WindowLoan::own_bytes, 'x')));
  EXPECT_EQ(world.quic.wider_by, 0u);
  EXPECT_EQ(world.shard_stats.partial_bytes.read(), 0u);

  world.opened();
  world.bring(6, "y");
  EXPECT_GT(world.quic.wider_by, 0u);
}

TEST(WtInbox, waits_for_room_and_gives_it_up_when_others_wait_too_long) {
  World world;
  world.opened();
  FakeOwner other;
  PartialBudget::Share theirs(world.partial, other);
  ASSERT_TRUE(theirs.ask(std::size_t{3} * 1024 * 1024));
  PartialBudget::Share first(world.partial, other);
  ASSERT_TRUE(first.ask(std::size_t{4} * 1024 * 1024)) << "it has the right of way";
  world.bring(6, on_stream(std::string(200'000, 'x')));
  EXPECT_EQ(world.quic.wider_by, 0u) << "nothing is left to borrow";

  const int wakes = world.quic.wakes;
  first.give_back();
  EXPECT_EQ(world.quic.wider_by, WindowLoan::step);
  EXPECT_GT(world.quic.wakes, wakes);

  world.pass(20s);
  EXPECT_FALSE(world.quic.stream(6).stop_code) << "nobody waits";
  PartialBudget::Share second(world.partial, other);
  ASSERT_FALSE(second.ask(std::size_t{4} * 1024 * 1024));
  world.pass(20s);
  EXPECT_EQ(world.quic.stream(6).stop_code, http3_code_of(StreamRefusal::overload));
  EXPECT_EQ(world.quic.wider_by, 0u);
  EXPECT_FALSE(second.waits());
}

TEST(WtInbox, forgets_what_the_client_gave_up) {
  World world;
  world.opened();
  world.bring(6, on_stream("half a mess"));
  world.reset(6, http3_code_of(1));
  world.closed(6);
  EXPECT_TRUE(world.handler.log.messages.empty());
  EXPECT_EQ(world.stats.streams_reset.read(), 1u);
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, tells_nothing_while_reading_is_paused) {
  World world;
  world.opened();
  world.handler.session->pause_reading();
  world.message(6, "one");
  world.datagram("two");
  world.datagram("ping");
  world.bring(10, on_stream("three"));
  EXPECT_EQ(world.handler.log.messages, Texts{});
  EXPECT_EQ(world.handler.log.signs_of_life, 1);
  EXPECT_GT(world.quic.outstanding(), 0u);

  const int wakes = world.quic.wakes;
  world.handler.session->resume_reading();
  EXPECT_EQ(world.handler.log.messages, Texts{}) << "within the call";
  EXPECT_GT(world.quic.wakes, wakes);
  world.flush();
  EXPECT_EQ(world.handler.log.messages, (Texts{"one", "two"}));
  world.bring(10, "", true);
  EXPECT_EQ(world.handler.log.messages, (Texts{"one", "two", "three"}));
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, stops_telling_when_it_is_paused_from_within) {
  World world;
  world.opened();
  world.handler.session->pause_reading();
  for (int i = 0; i < 5; ++i) world.message(6 + 4 * i, std::to_string(i));
  world.handler.log.on_message = [&] {
    if (world.handler.log.messages.size() == 2) world.handler.session->pause_reading();
  };
  world.handler.session->resume_reading();
  world.flush();
  EXPECT_EQ(world.handler.log.messages, (Texts{"0", "1"}));
  world.handler.session->resume_reading();
  world.message(26, "5");
  world.flush();
  EXPECT_EQ(world.handler.log.messages, (Texts{"0", "1", "2", "3", "4", "5"}));
}

TEST(WtInbox, bounds_what_waits_while_reading_is_paused) {
  World world({.waiting_max = 10});
  world.opened();
  world.handler.session->pause_reading();
  for (int i = 0; i < 20; ++i) world.message(6 + 4 * i, "x");
  for (int i = 0; i < 20; ++i) world.datagram("x");
  EXPECT_EQ(world.stats.messages_overflowed.read(), 30u);
  world.handler.session->resume_reading();
  world.flush();
  EXPECT_EQ(world.handler.log.messages.size(), 10u);
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, bounds_the_bytes_that_wait_while_reading_is_paused) {
  World world({.waiting_bytes_max = 10'000});
  world.opened();
  world.handler.session->pause_reading();
  for (int i = 0; i < 5; ++i) world.message(6 + 4 * i, std::string(3000, 'x'));
  EXPECT_EQ(world.stats.messages_overflowed.read(), 2u);
  world.handler.session->resume_reading();
  world.flush();
  world.message(26, std::string(20'000, 'x'));
  EXPECT_EQ(world.handler.log.messages.size(), 4u) << "one alone may be as long as any";
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, keeps_what_comes_before_the_session) {
  World world;
  world.bring(6, on_stream("one"), true);
  world.closed(6);
  world.bring(10, on_stream("tw"));
  world.datagram("three");
  world.datagram("homeless", 1);
  world.message(14, "four");
  EXPECT_EQ(world.quic.stream(10).given_back, 0u) << "nor may it send on";
  EXPECT_TRUE(world.handler.log.messages.empty());

  world.opened();
  EXPECT_EQ(world.handler.log.messages, (Texts{"one", "four", "three"}));
  EXPECT_EQ(world.quic.stream(10).given_back, 5u);
  world.bring(10, "o", true);
  EXPECT_EQ(world.handler.log.messages.back(), "two");
  EXPECT_EQ(world.quic.outstanding(), 0u);
  EXPECT_EQ(world.stats.datagrams_homeless.read(), 1u);
}

TEST(WtInbox, keeps_a_bounded_number_before_the_session) {
  World world;
  for (int i = 0; i < 30; ++i) world.bring(6 + 4 * i, on_stream("x"), i % 2 == 0);
  for (int i = 0; i < 40; ++i) world.datagram("x");
  EXPECT_EQ(world.stats.streams_early_rejected.read(), 6u);
  EXPECT_EQ(world.stats.datagrams_homeless.read(), 8u);
  EXPECT_EQ(world.quic.stream(6 + 4 * 25).stop_code, wt_code::buffered_stream_rejected);

  world.opened();
  EXPECT_EQ(world.handler.log.messages.size(), 12u + 32u);
}

TEST(WtInbox, keeps_nothing_for_long_before_the_session) {
  World world;
  world.bring(2, control_stream());
  world.bring(6, on_stream("x"));
  world.message(10, "y");
  world.datagram("z");
  world.pass(5s);
  EXPECT_EQ(world.quic.stream(6).stop_code, wt_code::buffered_stream_rejected);
  EXPECT_EQ(world.stats.streams_early_rejected.read(), 2u);
  EXPECT_EQ(world.quic.outstanding(), 0u);

  world.bring(0, headers(connect_fields()));
  EXPECT_TRUE(world.handler.log.messages.empty());
}

TEST(WtInbox, rejects_streams_of_other_sessions) {
  World world;
  world.bring(6, std::string_view("\x40\x54\x04x", 4));
  world.bring(10, std::string_view("\x40\x54\x04x", 4), true);
  world.opened();
  world.bring(14, std::string_view("\x40\x54\x08x", 4));
  world.datagram("x", 2);
  EXPECT_EQ(world.quic.stream(6).stop_code, wt_code::buffered_stream_rejected);
  EXPECT_EQ(world.quic.stream(14).stop_code, wt_code::buffered_stream_rejected);
  EXPECT_EQ(world.stats.streams_early_rejected.read(), 3u);
  EXPECT_TRUE(world.handler.log.messages.empty());
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, forgets_what_came_for_a_session_that_was_refused) {
  World world;
  world.handler.refuse_with = 403;
  world.bring(6, on_stream("x"));
  world.datagram("y");
  world.opened();
  EXPECT_EQ(world.quic.stream(6).stop_code, wt_code::buffered_stream_rejected);
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, releases_video_in_the_order_of_its_streams) {
  World world;
  world.opened();
  const std::string key = video_packet(20'000);
  const std::string delta = video_packet(300);
  const std::string audio = audio_packet(100);
  world.bring(6, on_stream(key.substr(0, 1000)));
  world.message(10, delta);
  world.message(14, audio);
  EXPECT_EQ(world.handler.log.messages, Texts{audio});
  EXPECT_EQ(world.stats.frames_held.read(), 1u);

  world.bring(6, key.substr(1000), true);
  EXPECT_EQ(world.handler.log.messages, (Texts{audio, key, delta}));
  EXPECT_EQ(world.quic.outstanding(), 0u);
  EXPECT_EQ(world.http3->deadline(), never);
}

TEST(WtInbox, holds_a_frame_for_as_long_as_the_rules_say) {
  World world;
  world.opened();
  world.bring(6, on_stream(video_packet(20'000).substr(0, 1000)));
  const std::string delta = video_packet(300);
  world.message(10, delta);
  world.pass(199ms);
  EXPECT_TRUE(world.handler.log.messages.empty());
  world.pass(1ms);
  EXPECT_EQ(world.handler.log.messages, Texts{delta});

  world.bring(6, video_packet(20'000).substr(1000), true);
  EXPECT_EQ(world.handler.log.messages.size(), 2u);
  EXPECT_EQ(world.stats.frames_overtaken.read(), 1u);
}

TEST(WtInbox, does_not_hold_a_frame_for_a_stream_that_was_reset_or_stopped) {
  World world({.message_bytes_max = 5000});
  world.opened();
  const std::string delta = video_packet(300);
  world.bring(6, on_stream(video_packet(4000).substr(0, 1000)));
  world.message(10, delta);
  world.reset(6);
  EXPECT_EQ(world.handler.log.messages.size(), 1u);

  world.bring(14, on_stream(video_packet(9000).substr(0, 1000)));
  world.message(18, delta);
  world.bring(14, video_packet(9000).substr(1000));
  EXPECT_EQ(world.handler.log.messages.size(), 2u);
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

TEST(WtInbox, does_not_hold_a_frame_for_streams_that_are_no_packets) {
  World world;
  world.bring(10, std::string("\x02\x20", 2));
  world.bring(2, control_stream());
  world.bring(0, headers(connect_fields()));
  world.bring(14, Wire().number(0x21 + 0x1f).text("grease").str());
  world.bring(6, std::string(1, '\x03'));
  const std::string delta = video_packet(300);
  world.message(18, delta);
  EXPECT_EQ(world.handler.log.messages, Texts{delta});
}

TEST(WtInbox, tells_of_held_frames_before_the_client_is_gone) {
  World world;
  world.opened();
  world.bring(6, on_stream(video_packet(20'000).substr(0, 1000)));
  const std::string delta = video_packet(300);
  world.message(10, delta);
  world.bring(0, in_data(close_capsule(0, "")), true);
  EXPECT_EQ(world.handler.log.messages, Texts{delta});
  EXPECT_EQ(world.handler.log.closes.size(), 1u);
  EXPECT_EQ(world.quic.outstanding(), 0u);
}

// Many messages on many streams, cut and mixed at random, some given up: what is told is what was
// sent, and the windows come out even.
TEST(WtInbox, loses_and_invents_nothing) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::size_t limit) { return random() % limit; };
    World world;
    world.opened();
    Texts sent;
    struct Sending {
      StreamId stream;
      std::string bytes;
      std::string message;
    };
    std::vector<Sending> open;
    StreamId next = 6;
    for (int step = 0; step < 400; ++step) {
      if (open.size() < 20 && below(2) == 0) {
        const std::string kinds[] = {video_packet(below(3000)), audio_packet(below(200)),
                                     screen_packet(below(5000)), sealed_packet(below(1000)), ""};
        const std::string& message = kinds[below(5)];
        open.push_back({next, on_stream(message), message});
        next += 4;
      }
      if (open.empty()) continue;
      const std::size_t chosen = below(open.size());
      Sending& one = open[chosen];
      if (below(30) == 0) {
        world.reset(one.stream);
        world.closed(one.stream);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
        continue;
      }
      const std::size_t size = below(4) == 0 ? one.bytes.size() : below(one.bytes.size() + 1);
      const bool is_last = size == one.bytes.size() && below(3) != 0;
      if (is_last) sent.push_back(one.message);
      world.bring(one.stream, one.bytes.substr(0, size), is_last);
      one.bytes.erase(0, size);
      if (is_last) world.closed(one.stream);
      if (is_last) open.erase(open.begin() + static_cast<std::ptrdiff_t>(chosen));
      if (below(10) == 0) world.handler.session->pause_reading();
      if (below(5) == 0) world.handler.session->resume_reading();
      if (below(3) == 0) world.flush();
      world.pass(Millis(below(20)));
    }
    world.handler.session->resume_reading();
    world.flush();
    world.pass(2s);
    Texts told = world.handler.log.messages;
    std::ranges::sort(told);
    std::ranges::sort(sent);
    ASSERT_EQ(told, sent) << "seed " << seed;
    for (const auto& one : open) world.reset(one.stream);
    ASSERT_EQ(world.quic.outstanding(), 0u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace parley
