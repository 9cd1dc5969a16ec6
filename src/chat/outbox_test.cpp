// long because: there is a test for each sentence of outbox.h, and they share one fixture.

#include "chat/outbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "chat/testing/packets.h"

namespace parley {
namespace {

constexpr SessionId alice{1};
constexpr SessionId bob{2};
constexpr SessionId carol{3};
constexpr SessionId server{};

using Labels = std::vector<std::string>;

/// A packet whose bytes are its label, filled up to `bytes`.
Packet labelled(std::string label, PacketFacts facts, std::size_t bytes = 0) {
  label += '.';
  if (label.size() < bytes) label.resize(bytes, '.');
  return Packet::copy_of(as_bytes(label), facts);
}

std::string label_of(const Packet& packet) {
  const std::string_view text = as_text(packet.wrapper());
  return std::string(text.substr(0, text.find('.')));
}

PacketFacts of_class(SessionId sender, PacketClass packet_class) {
  PacketFacts facts;
  facts.sender = sender;
  facts.packet_class = packet_class;
  facts.from_server = sender == server;
  if (packet_class == PacketClass::audio) facts.media = MediaType::audio;
  return facts;
}

PacketFacts frame(SessionId sender, bool is_keyframe, MediaType media = MediaType::video) {
  PacketFacts facts = of_class(sender, PacketClass::video);
  facts.media = media;
  facts.is_keyframe = is_keyframe;
  facts.keyframes_seen = true;
  return facts;
}

/// An Outbox with its surroundings, driven by short words.
struct OutboxTest : testing::Test {
  OutboxLimits limits;
  ShardStats stats;
  std::unique_ptr<Outbox> outbox = std::make_unique<Outbox>(limits, stats);
  TimePoint now = at(0s);

  Delivery control(const std::string& label, SessionId sender = alice, std::size_t bytes = 0) {
    return outbox->push(labelled(label, of_class(sender, PacketClass::control), bytes), now);
  }
  Delivery audio(const std::string& label, SessionId sender = alice, std::size_t bytes = 0) {
    return outbox->push(labelled(label, of_class(sender, PacketClass::audio), bytes), now);
  }
  Delivery data(const std::string& label, SessionId sender = alice, std::size_t bytes = 0) {
    return outbox->push(labelled(label, of_class(sender, PacketClass::data), bytes), now);
  }
  Delivery key(const std::string& label, SessionId sender = alice, std::size_t bytes = 0) {
    return outbox->push(labelled(label, frame(sender, true), bytes), now);
  }
  Delivery delta(const std::string& label, SessionId sender = alice, std::size_t bytes = 0) {
    return outbox->push(labelled(label, frame(sender, false), bytes), now);
  }
  Delivery screen(const std::string& label, bool is_keyframe, SessionId sender = alice) {
    return outbox->push(labelled(label, frame(sender, is_keyframe, MediaType::screen)), now);
  }

  /// The client has taken nothing: what waits is backlog.
  void block() { outbox->end_flush(); }
  /// What the client gets when it takes up to `count` packets.
  Labels taken(std::size_t count = 1'000'000) {
    Labels labels;
    while (labels.size() < count) {
      const auto entry = outbox->take(now);
      if (!entry) break;
      labels.push_back(label_of(entry->packet));
    }
    return labels;
  }
  std::uint64_t dropped(DropReason reason) { return stats.drop(reason).read(); }
  /// How many packets of `bytes` the limit is to have room for.
  void limit_to(std::size_t packets, std::size_t bytes) {
    limits.bytes = packets * (bytes + Outbox::entry_bytes);
  }
};

// A transport whose packets do not wait for one another.

TEST_F(OutboxTest, says_whether_something_as_urgent_waits) {
  EXPECT_FALSE(outbox->has_up_to(PacketClass::video));
  delta("v");
  EXPECT_TRUE(outbox->has_up_to(PacketClass::video));
  EXPECT_FALSE(outbox->has_up_to(PacketClass::data));
  audio("a");
  EXPECT_TRUE(outbox->has_up_to(PacketClass::audio));
  EXPECT_FALSE(outbox->has_up_to(PacketClass::control));
}

TEST_F(OutboxTest, gives_the_packets_of_one_class_in_order) {
  delta("v1");
  audio("a1");
  audio("a2");
  const auto next = [&](PacketClass packet_class) {
    const auto entry = outbox->take(packet_class, now);
    return entry ? label_of(entry->packet) : "nothing";
  };

  EXPECT_EQ(next(PacketClass::control), "nothing");
  EXPECT_EQ(next(PacketClass::audio), "a1");
  EXPECT_EQ(next(PacketClass::audio), "a2");
  EXPECT_EQ(next(PacketClass::audio), "nothing");
  EXPECT_EQ(next(PacketClass::video), "v1");
  EXPECT_TRUE(outbox->empty());
}

TEST_F(OutboxTest, a_taken_frame_that_was_lost_holds_back_what_depended_on_it) {
  key("k1");
  const auto lost = outbox->take(now);
  delta("v2");
  audio("a1");
  delta("v3", bob);

  outbox->lose_taken(lost->packet.facts(), DropReason::in_flight_too_long, now);
  delta("v4");
  key("k5");
  delta("v6");

  EXPECT_EQ(taken(), (Labels{"a1", "v3", "k5", "v6"}));
  EXPECT_EQ(dropped(DropReason::in_flight_too_long), 1u);
  EXPECT_EQ(dropped(DropReason::held_back), 2u);
  EXPECT_EQ(outbox->take_losses(), (std::vector<SessionId>{alice, alice, alice}));
}

// Order.

TEST_F(OutboxTest, keeps_the_order_of_arrival_while_the_client_keeps_up) {
  delta("v1");
  data("d1");
  audio("a1");
  control("c1");
  delta("v2");

  EXPECT_EQ(taken(), (Labels{"v1", "d1", "a1", "c1", "v2"}));
  EXPECT_TRUE(outbox->empty());
}

TEST_F(OutboxTest, goes_by_class_under_backlog_and_by_arrival_within_each) {
  delta("v1");
  block();
  data("d1");
  audio("a1");
  control("c1");
  delta("v2");
  audio("a2");
  data("d2");
  control("c2");

  EXPECT_EQ(taken(), (Labels{"c1", "c2", "a1", "a2", "d1", "d2", "v1", "v2"}));
}

TEST_F(OutboxTest, returns_to_the_order_of_arrival_once_a_flush_has_emptied_it) {
  delta("v1");
  block();
  taken();
  outbox->end_flush();

  delta("v2");
  control("c1");

  EXPECT_EQ(taken(), (Labels{"v2", "c1"}));
}

TEST_F(OutboxTest, stays_with_the_classes_until_a_flush_has_emptied_it) {
  delta("v1");
  delta("v2");
  block();
  taken(1);
  outbox->end_flush();

  control("c1");

  EXPECT_EQ(taken(), (Labels{"c1", "v2"}));
}

TEST_F(OutboxTest, put_back_packets_come_again_in_their_old_order) {
  delta("v1");
  audio("a1");
  delta("v2");
  std::vector<Outbox::Entry> offered;
  while (auto entry = outbox->take(now)) offered.push_back(std::move(*entry));

  while (!offered.empty()) {
    outbox->put_back(std::move(offered.back()));
    offered.pop_back();
  }

  EXPECT_EQ(outbox->packets(), 3u);
  EXPECT_EQ(taken(), (Labels{"v1", "a1", "v2"}));
}

TEST_F(OutboxTest, put_back_packets_stand_before_later_ones_under_backlog) {
  audio("a1");
  audio("a2");
  auto first = outbox->take(now);
  outbox->put_back(std::move(*first));
  block();

  audio("a3");

  EXPECT_EQ(taken(), (Labels{"a1", "a2", "a3"}));
}

TEST_F(OutboxTest, a_put_back_packet_keeps_its_age) {
  audio("a1");
  auto entry = outbox->take(now);
  now = at(900ms);
  outbox->put_back(std::move(*entry));
  block();

  now = at(1001ms);

  EXPECT_EQ(taken(), Labels{});
  EXPECT_EQ(dropped(DropReason::audio_too_old), 1u);
}

// Age.

TEST_F(OutboxTest, drops_video_older_than_half_a_second) {
  delta("v1");
  block();
  now = at(100ms);
  key("v2");

  now = at(501ms);

  EXPECT_EQ(taken(), Labels{"v2"});
  EXPECT_EQ(dropped(DropReason::video_too_old), 1u);
}

TEST_F(OutboxTest, drops_audio_older_than_a_second) {
  audio("a1");
  block();
  now = at(1ms);
  audio("a2");

  now = at(1001ms);

  EXPECT_EQ(taken(), Labels{"a2"});
  EXPECT_EQ(dropped(DropReason::audio_too_old), 1u);
}

TEST_F(OutboxTest, control_and_data_never_grow_too_old) {
  control("c1");
  data("d1");
  block();

  now = at(1h);

  EXPECT_EQ(taken(), (Labels{"c1", "d1"}));
}

TEST_F(OutboxTest, lets_old_packets_go_even_if_the_client_never_takes_one) {
  for (int i = 0; i < 1000; ++i) {
    delta("v", alice, 1000);
    audio("a", bob, 100);
    block();
    now += 20ms;
  }

  EXPECT_LE(outbox->packets(), 26u + 52u);  // of the last 500 ms and 1 s, and 20 ms of slack
}

// Data.

TEST_F(OutboxTest, keeps_the_newest_data_within_its_budget_under_backlog) {
  control("c1");
  block();
  for (int i = 0; i < 100; ++i) data("d" + std::to_string(i), alice, 1024 - Outbox::entry_bytes);

  const Labels left = taken();

  EXPECT_EQ(left.size(), 1u + 64u);
  EXPECT_EQ(left[1], "d36");
  EXPECT_EQ(left.back(), "d99");
  EXPECT_EQ(dropped(DropReason::data_over_budget), 36u);
}

TEST_F(OutboxTest, a_client_that_keeps_up_loses_no_data_however_much_comes_in_one_turn) {
  for (int i = 0; i < 4; ++i) data("d" + std::to_string(i), alice, 100'000);

  EXPECT_EQ(taken(), (Labels{"d0", "d1", "d2", "d3"}));
}

TEST_F(OutboxTest, trims_data_once_it_has_become_backlog) {
  for (int i = 0; i < 4; ++i) data("d" + std::to_string(i), alice, 30'000);
  block();

  EXPECT_EQ(taken(), (Labels{"d2", "d3"}));
}

TEST_F(OutboxTest, data_larger_than_the_whole_budget_still_arrives) {
  data("small");
  block();

  EXPECT_EQ(data("large", alice, 100'000), Delivery::queued);

  EXPECT_EQ(taken(), Labels{"large"});
}

// Bytes.

TEST_F(OutboxTest, takes_any_packet_while_it_is_empty) {
  limits.bytes = 1000;

  EXPECT_EQ(key("v1", alice, packet_bytes_max), Delivery::queued);

  EXPECT_EQ(taken(), Labels{"v1"});
}

TEST_F(OutboxTest, the_sender_with_the_most_bytes_loses_his_lowest_class_first) {
  limit_to(5, 1000);
  control("alice control", alice, 1000);
  audio("alice audio", alice, 1000);
  delta("alice video", alice, 1000);
  audio("bob audio", bob, 1000);
  delta("bob video", bob, 1000);
  block();

  EXPECT_EQ(audio("carol 1", carol, 1000), Delivery::queued);
  EXPECT_EQ(dropped(DropReason::outbox_full), 1u);
  EXPECT_EQ(taken(), (Labels{"alice control", "alice audio", "bob audio", "carol 1", "bob video"}));
}

TEST_F(OutboxTest, a_flood_of_control_costs_its_sender_his_control) {
  limit_to(64, 100);
  audio("bob audio", bob, 100);
  block();
  for (int i = 0; i < 1000; ++i) control("c" + std::to_string(i), alice, 100);

  EXPECT_EQ(delta("bob video", bob, 100), Delivery::queued);

  const Labels left = taken();
  EXPECT_EQ(left[left.size() - 2], "bob audio");
  EXPECT_EQ(left.back(), "bob video");
  EXPECT_EQ(left[left.size() - 3], "c999");
}

TEST_F(OutboxTest, the_newcomer_counts_among_his_senders_bytes) {
  limit_to(4, 1000);
  audio("a1", alice, 1000);
  audio("a2", alice, 1000);
  audio("b1", bob, 1000);
  audio("b2", bob, 1000);
  block();

  audio("b3", bob, 1000);

  EXPECT_EQ(taken(), (Labels{"a1", "a2", "b2", "b3"}));
}

TEST_F(OutboxTest, a_packet_never_displaces_a_higher_class_of_its_own_sender) {
  limit_to(2, 1000);
  control("c1", alice, 1000);
  audio("a1", alice, 1000);
  block();

  EXPECT_EQ(delta("v1", alice, 1000), Delivery::dropped);

  EXPECT_EQ(taken(), (Labels{"c1", "a1"}));
}

TEST_F(OutboxTest, the_servers_own_control_displaces_anything_of_clients) {
  limit_to(3, 100);
  for (int i = 0; i < 3; ++i) control("c" + std::to_string(i), alice, 100);
  block();

  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(control("s" + std::to_string(i), server, 100), Delivery::queued);

  EXPECT_FALSE(outbox->overflowed());
  EXPECT_EQ(taken(), (Labels{"s0", "s1", "s2"}));
}

TEST_F(OutboxTest, overflows_when_the_servers_own_control_does_not_fit) {
  limit_to(3, 100);
  for (int i = 0; i < 3; ++i) control("s" + std::to_string(i), server, 100);
  block();

  EXPECT_EQ(control("c", alice, 100), Delivery::dropped);
  EXPECT_FALSE(outbox->overflowed());
  EXPECT_EQ(control("s3", server, 100), Delivery::dropped);

  EXPECT_TRUE(outbox->overflowed());
  EXPECT_EQ(taken(), (Labels{"s0", "s1", "s2"}));
}

TEST_F(OutboxTest, what_is_too_old_goes_before_anybody_loses_for_want_of_bytes) {
  limit_to(2, 1000);
  delta("old", alice, 1000);
  audio("a1", bob, 1000);
  block();
  now = at(501ms);

  EXPECT_EQ(audio("a2", carol, 1000), Delivery::queued);

  EXPECT_EQ(dropped(DropReason::outbox_full), 0u);
  EXPECT_EQ(taken(), (Labels{"a1", "a2"}));
}

TEST_F(OutboxTest, takes_a_packet_above_the_bound_beside_others_once) {
  limits.bytes = 10'000;
  audio("a1", alice, 1000);
  block();

  EXPECT_EQ(key("v1", bob, packet_bytes_max), Delivery::queued);
  EXPECT_EQ(key("v2", carol, packet_bytes_max), Delivery::queued);

  EXPECT_EQ(taken(), (Labels{"a1", "v2"}));
}

TEST_F(OutboxTest, an_oversized_packet_that_waits_gives_way) {
  limits.bytes = 10'000;
  key("huge", alice, 1'000'000);
  block();

  EXPECT_EQ(audio("a1", bob, 100), Delivery::queued);

  EXPECT_EQ(taken(), Labels{"a1"});
}

TEST_F(OutboxTest, an_oversized_packet_stays_when_others_follow_in_the_same_turn) {
  limits.bytes = 10'000;
  key("huge", alice, 1'000'000);

  EXPECT_EQ(audio("a1", alice, 100), Delivery::queued);
  EXPECT_EQ(key("more", bob, 1'000'000), Delivery::queued);

  EXPECT_EQ(taken(), (Labels{"huge", "a1", "more"}));
}

/// Bytes and entries stay bounded, and a million packets take well under a second: were every
/// packet to cost a walk through the queue, this test would take minutes.
TEST_F(OutboxTest, a_flood_against_a_stalled_client_is_bounded_and_cheap) {
  control("welcome", server, 60);
  const Packet large = labelled("large", of_class(alice, PacketClass::control), 71);
  const Packet tiny = labelled("t", of_class(bob, PacketClass::control), 13);
  block();

  std::size_t packets_max = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    outbox->push(i % 2 == 0 ? large : tiny, now);
    now += 1us;
    packets_max = std::max(packets_max, outbox->packets());
    ASSERT_LE(outbox->bytes(), limits.bytes);
  }

  EXPECT_LE(packets_max, limits.bytes / Outbox::entry_bytes);
  EXPECT_LE(packets_max * sizeof(Outbox::Entry), limits.bytes);
  EXPECT_EQ(dropped(DropReason::outbox_full) + outbox->packets(), 1'000'001u);
  EXPECT_EQ(taken(1), Labels{"welcome"});
}

TEST_F(OutboxTest, a_flood_of_many_classes_is_cheap_too) {
  limits.data_bytes = limits.bytes;
  for (int i = 0; i < 8000; ++i) data("d", bob, 50);
  for (int i = 0; i < 8000; ++i) control("c", alice, 60);
  block();

  for (int i = 0; i < 100'000; ++i) {
    const auto packet_class = i % 2 == 0 ? PacketClass::data : PacketClass::control;
    outbox->push(labelled("f", of_class(alice, packet_class), 60), now);
    ASSERT_LE(outbox->bytes(), limits.bytes);
  }

  EXPECT_GE(taken().size(), 8000u);  // bob's
}

// Holding back.

TEST_F(OutboxTest, holds_deltas_back_after_a_lost_frame_until_the_next_keyframe) {
  key("k1");
  block();
  now = at(501ms);

  EXPECT_EQ(delta("d1"), Delivery::dropped);
  EXPECT_EQ(key("k2"), Delivery::queued);
  EXPECT_EQ(delta("d2"), Delivery::queued);

  EXPECT_EQ(taken(), (Labels{"k2", "d2"}));
  EXPECT_EQ(dropped(DropReason::held_back), 1u);
}

TEST_F(OutboxTest, deltas_that_wait_behind_a_lost_frame_go_with_it) {
  key("k1");
  block();
  now = at(400ms);
  delta("d1");
  key("k2");
  delta("d2");

  now = at(501ms);

  EXPECT_EQ(taken(), (Labels{"k2", "d2"}));
  EXPECT_EQ(dropped(DropReason::video_too_old), 1u);
  EXPECT_EQ(dropped(DropReason::held_back), 1u);
}

TEST_F(OutboxTest, a_keyframe_that_waits_ends_the_hold_for_what_comes_after_it) {
  key("k1");
  block();
  now = at(400ms);
  key("k2");
  now = at(550ms);
  outbox->push(labelled("other", of_class(bob, PacketClass::control)), now);

  EXPECT_EQ(delta("d2"), Delivery::queued);

  EXPECT_EQ(taken(), (Labels{"other", "k2", "d2"}));
}

TEST_F(OutboxTest, holds_back_one_stream_only) {
  key("k1");
  block();
  now = at(501ms);

  EXPECT_EQ(delta("alice"), Delivery::dropped);
  EXPECT_EQ(delta("bob", bob), Delivery::queued);
  EXPECT_EQ(screen("screen", false), Delivery::queued);
  EXPECT_EQ(audio("audio"), Delivery::queued);
}

TEST_F(OutboxTest, a_keyframe_of_another_stream_ends_nothing) {
  key("k1");
  block();
  now = at(501ms);
  key("bob", bob);
  screen("screen", true);

  EXPECT_EQ(delta("alice"), Delivery::dropped);
}

TEST_F(OutboxTest, holds_nothing_back_where_no_keyframe_was_ever_recognised) {
  PacketFacts sealed = of_class(alice, PacketClass::video);
  outbox->push(labelled("s1", sealed), now);
  block();
  now = at(400ms);
  outbox->push(labelled("s2", sealed), now);
  now = at(501ms);

  EXPECT_EQ(outbox->push(labelled("s3", sealed), now), Delivery::queued);

  EXPECT_EQ(taken(), (Labels{"s2", "s3"}));
}

TEST_F(OutboxTest, a_hold_ends_after_six_seconds_whatever_comes) {
  key("k1");
  block();
  now = at(501ms);
  delta("d1");

  now = at(6501ms);
  EXPECT_EQ(delta("d2"), Delivery::dropped);
  now = at(6502ms);
  EXPECT_EQ(delta("d3"), Delivery::queued);
  EXPECT_EQ(delta("d4"), Delivery::queued);
}

TEST_F(OutboxTest, a_frame_refused_for_want_of_bytes_starts_a_hold) {
  limit_to(1, 1000);
  audio("a1", alice, 1000);
  block();
  delta("d1", alice, 1000);
  taken();

  EXPECT_EQ(delta("d2", alice, 10), Delivery::dropped);
  EXPECT_EQ(key("k1", alice, 10), Delivery::queued);

  EXPECT_EQ(dropped(DropReason::outbox_full), 1u);
  EXPECT_EQ(dropped(DropReason::held_back), 1u);
}

TEST_F(OutboxTest, a_frame_evicted_for_want_of_bytes_takes_its_deltas_along) {
  limit_to(33, 1000);  // an eviction frees a sixteenth: three packets
  key("k1", alice, 1000);
  for (int i = 0; i < 30; ++i) delta("d", alice, 1000);
  key("k2", alice, 1000);
  delta("after", alice, 1000);
  block();

  audio("a1", bob, 1000);

  EXPECT_EQ(taken(), (Labels{"a1", "k2", "after"}));
  EXPECT_EQ(dropped(DropReason::outbox_full), 3u);
  EXPECT_EQ(dropped(DropReason::held_back), 28u);
}

TEST_F(OutboxTest, a_delta_whose_room_was_made_with_its_own_predecessors_is_lost) {
  limit_to(3, 1000);
  key("k1", alice, 1000);
  delta("d1", alice, 1000);
  delta("d2", alice, 1000);
  block();

  EXPECT_EQ(delta("d3", alice, 1000), Delivery::dropped);

  EXPECT_TRUE(outbox->empty());
}

TEST_F(OutboxTest, a_keyframe_whose_room_was_made_with_its_own_stream_ends_the_hold) {
  limit_to(3, 1000);
  key("k1", alice, 1000);
  delta("d1", alice, 1000);
  delta("d2", alice, 1000);
  block();

  EXPECT_EQ(key("k2", alice, 1000), Delivery::queued);
  EXPECT_EQ(delta("d3", alice, 1000), Delivery::queued);

  EXPECT_EQ(taken(), (Labels{"k2", "d3"}));
}

TEST_F(OutboxTest, streams_held_long_ago_make_room_for_new_ones) {
  for (std::uint64_t i = 0; i < 5000; ++i) {
    key("k", SessionId{100 + i});
    block();
  }
  now = at(501ms);
  control("c");
  now = at(10s);
  key("k1");
  now = at(10501ms);
  control("c");

  EXPECT_EQ(delta("d1"), Delivery::dropped);
}

// Telling.

TEST_F(OutboxTest, reports_each_lost_packets_sender_once) {
  audio("a1", alice);
  delta("v1", bob);
  audio("a2", alice);
  block();
  now = at(2s);

  EXPECT_EQ(taken(), Labels{});

  EXPECT_TRUE(outbox->has_losses());
  EXPECT_EQ(outbox->take_losses(), (std::vector{alice, alice, bob}));
  EXPECT_FALSE(outbox->has_losses());
}

TEST_F(OutboxTest, a_delta_held_back_is_a_loss) {
  key("k1");
  block();
  now = at(501ms);
  control("c1");
  (void)outbox->take_losses();

  delta("d1");

  EXPECT_TRUE(outbox->has_losses());
}

TEST_F(OutboxTest, remembers_a_bounded_number_of_losses) {
  for (int i = 0; i < 1000; ++i) audio("a");
  block();
  now = at(2s);
  taken();

  EXPECT_EQ(outbox->take_losses().size(), Outbox::losses_max);
}

TEST_F(OutboxTest, counts_what_waits_at_its_end) {
  audio("a1");
  delta("v1");

  outbox.reset();

  EXPECT_EQ(dropped(DropReason::session_closed), 2u);
}

// Everything together.

/// Random frames, with a keyframe in each stream at least every two seconds: no hold runs out.
class Camera {
 public:
  explicit Camera(std::mt19937& random) : random_(random) {}

  PacketFacts frame_of(SessionId sender, TimePoint now) {
    const MediaType media = random_() % 3 == 0 ? MediaType::screen : MediaType::video;
    TimePoint& last = last_keyframe_[{sender, media}];
    const bool is_keyframe = now - last > 2s || random_() % 5 == 0;
    if (is_keyframe) last = now;
    return frame(sender, is_keyframe, media);
  }

 private:
  std::mt19937& random_;
  std::map<std::pair<SessionId, MediaType>, TimePoint> last_keyframe_;
};

/// What the doc comment says, in the simplest words: one list, no bound in bytes.
struct Model {
  struct Waiting {
    std::string label;
    PacketFacts facts;
    TimePoint queued_at;
  };
  using Stream = std::pair<SessionId, MediaType>;

  std::deque<Waiting> waiting;
  std::set<Stream> broken;
  bool backlogged = false;

  void push(const std::string& label, const PacketFacts& facts, TimePoint now) {
    if (backlogged) expire(now);
    const Stream stream{facts.sender, facts.media};
    if (facts.packet_class == PacketClass::video && facts.keyframes_seen) {
      if (facts.is_keyframe) broken.erase(stream);
      if (broken.contains(stream)) return;
    }
    waiting.push_back({label, facts, now});
  }

  std::optional<std::string> take(TimePoint now) {
    if (backlogged) expire(now);
    auto next = waiting.begin();
    if (backlogged)
      next = std::ranges::min_element(waiting, {},
                                      [](const Waiting& one) { return one.facts.packet_class; });
    if (next == waiting.end()) return std::nullopt;
    const std::string label = next->label;
    waiting.erase(next);
    return label;
  }

  void expire(TimePoint now) {
    std::set<Stream> lost;
    std::erase_if(waiting, [&](const Waiting& one) {
      const PacketFacts& facts = one.facts;
      const Duration age = now - one.queued_at;
      if (facts.packet_class == PacketClass::audio) return age > 1s;
      if (facts.packet_class != PacketClass::video) return false;
      const Stream stream{facts.sender, facts.media};
      if (age > 500ms) {
        lost.insert(stream);
        return true;
      }
      if (facts.is_keyframe) lost.erase(stream);
      return lost.contains(stream);
    });
    broken.insert(lost.begin(), lost.end());
  }
};

TEST_F(OutboxTest, does_what_a_simple_model_does) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    outbox = std::make_unique<Outbox>(limits, stats);
    Model model;
    Camera camera(random);

    for (int step = 0; step < 3000; ++step) {
      now += Millis(random() % 60);
      const SessionId sender{1 + random() % 3};
      const auto kind = random() % 8;
      PacketFacts facts = of_class(sender, static_cast<PacketClass>(kind % 4));
      if (facts.packet_class == PacketClass::video) facts = camera.frame_of(sender, now);
      const std::string label = std::to_string(step);
      outbox->push(labelled(label, facts), now);
      model.push(label, facts, now);

      for (auto takes = random() % 8; takes < 3; ++takes) {
        const auto entry = outbox->take(now);
        const auto expected = model.take(now);
        ASSERT_EQ(entry ? std::optional(label_of(entry->packet)) : std::nullopt, expected);
      }
      if (random() % 3 == 0) {
        outbox->end_flush();
        model.backlogged = !model.waiting.empty();
      }
    }
  }
}

/// Under a bound in bytes the choice of victims is the Outbox's; what must hold whatever it does:
/// the bound, the order of each sender's packets of a kind, every packet accounted for, and no
/// delta without the frame before it.
TEST_F(OutboxTest, keeps_its_promises_under_every_load) {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    limits.bytes = 20'000;
    limits.data_bytes = 3000;
    outbox = std::make_unique<Outbox>(limits, stats);
    std::uint64_t lost_before = 0;
    for (const Cell& cell : stats.drops) lost_before += cell.read();
    std::map<std::tuple<std::uint64_t, PacketClass, MediaType>, int> last_taken;
    std::map<std::pair<std::uint64_t, MediaType>, int> frames;
    Camera camera(random);
    std::uint64_t pushed = 0;
    std::uint64_t taken_count = 0;

    for (int step = 0; step < 5000; ++step) {
      now += Millis(random() % 10);
      const auto sender = 1 + random() % 4;
      PacketFacts facts =
          of_class(SessionId{sender}, static_cast<PacketClass>(random() % packet_class_count));
      const bool is_video = facts.packet_class == PacketClass::video;
      if (is_video) facts = camera.frame_of(SessionId{sender}, now);
      const int number = is_video ? ++frames[{sender, facts.media}] : step + 1;
      const std::size_t bytes = random() % (sender == 1 ? 4000 : 400);
      outbox->push(labelled(std::to_string(number), facts, bytes), now);
      ++pushed;
      ASSERT_LE(outbox->bytes(), limits.bytes);

      for (auto takes = random() % 12; takes < 4; ++takes) {
        const auto entry = outbox->take(now);
        if (!entry) break;
        ++taken_count;
        const PacketFacts& taken_facts = entry->packet.facts();
        const int taken_number = std::stoi(label_of(entry->packet));
        int& last =
            last_taken[{taken_facts.sender.value, taken_facts.packet_class, taken_facts.media}];
        ASSERT_GT(taken_number, last);
        if (taken_facts.packet_class == PacketClass::video && !taken_facts.is_keyframe) {
          ASSERT_EQ(taken_number, last + 1) << "a delta whose predecessor is lost";
        }
        last = taken_number;
      }
      if (random() % 2 == 0) outbox->end_flush();
    }

    std::uint64_t lost = 0;
    for (const Cell& cell : stats.drops) lost += cell.read();
    EXPECT_EQ(lost - lost_before + taken_count + outbox->packets(), pushed);
  }
}

}  // namespace
}  // namespace parley
