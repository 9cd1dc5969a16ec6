// From the Outbox to streams and datagrams: what goes first, what waits, what is given up.

#include "webtransport/web_transport_bridge.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "chat/testing/packets.h"

namespace parley {
namespace {

constexpr SessionId alice{1};
constexpr SessionId bob{2};

using Labels = std::vector<std::string>;

/// A session that writes down what it is given.
struct FakeSession final : WtSession {
  std::optional<StreamId> send(Packet packet, Urgency urgency) override {
    if (credit == 0) return std::nullopt;
    --credit;
    const StreamId stream = next_stream;
    next_stream += 4;
    sent.emplace_back(as_text(packet.wrapper()));
    urgencies.push_back(urgency);
    stream_of[sent.back()] = stream;
    return stream;
  }
  [[nodiscard]] std::uint64_t streams_left() const override { return credit; }
  bool send_datagram(const Packet& packet) override {
    if (packet.size() > datagram_bytes) return false;
    datagrams.emplace_back(as_text(packet.wrapper()));
    return true;
  }
  void abandon(StreamId stream) override { abandoned.push_back(stream); }
  void pause_reading() override {}
  void resume_reading() override {}
  void wake(Urgency) override {}
  void close(std::uint32_t, std::string_view) override {}
  [[nodiscard]] std::string remote_address() const override { return "192.0.2.1:4433"; }

  std::uint64_t credit = 100;
  std::size_t datagram_bytes = 1000;
  StreamId next_stream = 3;
  Labels sent, datagrams;
  std::vector<Urgency> urgencies;
  std::map<std::string, StreamId> stream_of;
  std::vector<StreamId> abandoned;
};

struct WebTransportBridgeTest : testing::Test {
  void push(const std::string& label, PacketFacts facts) {
    outbox.push(Packet::copy_of(as_bytes(label), facts), now.monotonic);
  }
  static PacketFacts facts_of(PacketClass packet_class, SessionId sender = alice) {
    PacketFacts facts;
    facts.packet_class = packet_class;
    facts.sender = sender;
    return facts;
  }
  void control(const std::string& label) { push(label, facts_of(PacketClass::control)); }
  void audio(const std::string& label) { push(label, facts_of(PacketClass::audio)); }
  void video(const std::string& label, bool is_keyframe, SessionId sender = alice) {
    PacketFacts facts = facts_of(PacketClass::video, sender);
    facts.media = MediaType::video;
    facts.is_keyframe = is_keyframe;
    facts.keyframes_seen = true;
    push(label, facts);
  }
  void pull_all() {
    while (bridge.pull(Urgency::none, now)) {
    }
    outbox.end_flush();
  }
  void pass(Duration time) {
    now.monotonic += time;
    bridge.on_deadline(now);
  }
  std::vector<StreamId> streams(const Labels& labels) const {
    std::vector<StreamId> found;
    for (const std::string& label : labels) found.push_back(session.stream_of.at(label));
    return found;
  }
  std::uint64_t dropped(DropReason reason) { return stats.drop(reason).read(); }

  Now now = both_at(0s);
  OutboxLimits limits;
  ShardStats stats;
  Outbox outbox{limits, stats};
  FakeSession session;
  int handed_over = 0;
  WebTransportBridge bridge{session, outbox, [this](const Packet&) { ++handed_over; }};
};

TEST_F(WebTransportBridgeTest, sends_by_class_and_in_order_each_on_a_stream_of_its_own) {
  video("v1", true);
  audio("a1");
  control("c1");
  audio("a2");

  pull_all();

  EXPECT_EQ(session.sent, (Labels{"c1", "a1", "a2", "v1"}));
  EXPECT_EQ(session.urgencies,
            (std::vector{Urgency::control, Urgency::audio, Urgency::audio, Urgency::video}));
  EXPECT_EQ(handed_over, 4);
}

TEST_F(WebTransportBridgeTest, gives_nothing_that_is_no_more_urgent_than_what_is_being_sent) {
  video("v1", true);
  EXPECT_FALSE(bridge.pull(Urgency::video, now));
  audio("a1");
  EXPECT_TRUE(bridge.pull(Urgency::video, now));
  EXPECT_FALSE(bridge.pull(Urgency::audio, now));

  EXPECT_EQ(session.sent, Labels{"a1"});
}

TEST_F(WebTransportBridgeTest, audio_that_finds_no_stream_goes_as_a_datagram_whatever_waits) {
  session.credit = 0;
  control("c1");
  audio("a1");
  audio(std::string(2000, 'a'));
  video("v1", true);

  pull_all();

  EXPECT_EQ(session.datagrams, Labels{"a1"});
  EXPECT_TRUE(bridge.waits_for_streams());
  EXPECT_EQ(outbox.packets(), 3u);

  session.credit = 3;
  pull_all();

  EXPECT_EQ(session.sent, (Labels{"c1", std::string(2000, 'a'), "v1"}));
  EXPECT_FALSE(bridge.waits_for_streams());
}

TEST_F(WebTransportBridgeTest, an_echo_of_a_datagram_is_one_and_a_stream_where_it_does_not_fit) {
  PacketFacts facts = facts_of(PacketClass::control);
  facts.channel = Channel::datagram;
  push("small", facts);
  push(std::string(2000, 'x'), facts);

  pull_all();

  EXPECT_EQ(session.datagrams, Labels{"small"});
  EXPECT_EQ(session.sent, Labels{std::string(2000, 'x')});
}

TEST_F(WebTransportBridgeTest, gives_up_a_frame_after_a_second_and_what_depends_on_it) {
  video("k1", true);
  pull_all();
  pass(500ms);
  video("v2", false);
  video("other", false, bob);
  pull_all();
  video("v3", false);
  EXPECT_EQ(bridge.deadline(), now.monotonic + 500ms);

  pass(500ms);

  EXPECT_EQ(session.abandoned, streams({"k1", "v2"}));
  EXPECT_EQ(dropped(DropReason::in_flight_too_long), 1u);
  EXPECT_EQ(dropped(DropReason::held_back), 2u);
  video("v4", false);
  video("k5", true);
  pull_all();
  EXPECT_EQ(session.sent.back(), "k5");
  EXPECT_EQ(outbox.take_losses().size(), 4u);
}

TEST_F(WebTransportBridgeTest, a_keyframe_that_is_under_way_ends_the_loss) {
  video("k1", true);
  pull_all();
  pass(500ms);
  video("k2", true);
  video("v3", false);
  pull_all();

  pass(500ms);

  EXPECT_EQ(session.abandoned, streams({"k1"}));
}

TEST_F(WebTransportBridgeTest, control_may_take_as_long_as_it_takes) {
  control("c1");
  audio("a1");
  pull_all();

  pass(1s);

  EXPECT_EQ(session.abandoned, streams({"a1"}));
  EXPECT_EQ(bridge.deadline(), never);
}

TEST_F(WebTransportBridgeTest, what_is_over_is_not_watched_any_more) {
  audio("a1");
  audio("a2");
  pull_all();
  bridge.on_stream_over(session.stream_of["a2"]);
  bridge.on_stream_over(session.stream_of["a1"]);
  bridge.on_stream_over(4711);

  EXPECT_EQ(bridge.deadline(), never);
  pass(2s);
  EXPECT_EQ(session.abandoned, std::vector<StreamId>{});
}

TEST_F(WebTransportBridgeTest, the_last_words_are_the_servers_own) {
  audio("a1");
  PacketFacts own = facts_of(PacketClass::control, SessionId{});
  own.from_server = true;
  push("own", own);

  bridge.send_last_words(now);

  EXPECT_EQ(session.sent, Labels{"own"});
  EXPECT_EQ(dropped(DropReason::session_closed), 1u);
}

}  // namespace
}  // namespace parley
