#include "quic/send_streams.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

Buffer buffer_of(std::string_view text) { return Buffer::copy_of(as_bytes(text)); }

Packet packet_of(std::string_view text) { return Packet::copy_of(as_bytes(text), PacketFacts{}); }

std::string text_of(const SendStream::Offer& offer) {
  std::string text;
  for (std::size_t i = 0; i < offer.count; ++i) {
    EXPECT_GT(offer.vectors[i].len, 0);
    text += as_text({offer.vectors[i].base, offer.vectors[i].len});
  }
  return text;
}

/// The ids in the order in which they get their turn; takes everything.
std::vector<StreamId> turns(SendStreams& streams) {
  std::vector<StreamId> order;
  while (SendStream* stream = streams.first_ready(false)) {
    order.push_back(stream->id());
    const auto offer = stream->offer();
    streams.on_sent(*stream, offer.bytes, offer.is_last);
  }
  return order;
}

std::vector<StreamId> performed(SendStreams& streams) {
  std::vector<StreamId> ids;
  streams.perform_resets([&](StreamId id, std::uint64_t) { ids.push_back(id); });
  return ids;
}

TEST(SendStreams, take_turns_by_urgency_and_then_by_age) {
  SendStreams streams;
  streams.open(3, Urgency::video);
  streams.open(7, Urgency::audio);
  streams.open(11, Urgency::video);
  streams.open(15, Urgency::control);
  for (const StreamId id : {11, 3, 15, 7}) streams.write(id, buffer_of("x"), true);

  EXPECT_EQ(turns(streams), (std::vector<StreamId>{15, 7, 3, 11}));
  EXPECT_FALSE(streams.any_waits());
}

TEST(SendStreams, offer_what_is_unsent_without_empty_parts) {
  SendStreams streams;
  streams.open(3, Urgency::data);
  streams.write(3, buffer_of("abc"), false);
  streams.write(3, Buffer(), false);
  streams.write_packet(3, as_bytes("12"), packet_of("def"));
  SendStream& stream = *streams.first_ready(false);

  EXPECT_EQ(text_of(stream.offer()), "abc12def");
  EXPECT_TRUE(stream.offer().is_last);
  streams.on_sent(stream, 4, false);
  EXPECT_EQ(text_of(stream.offer()), "2def");
  streams.on_sent(stream, 4, true);

  EXPECT_FALSE(streams.any_waits());
}

TEST(SendStreams, end_a_stream_alone) {
  SendStreams streams;
  streams.open(3, Urgency::data);
  streams.write(3, Buffer(), true);

  SendStream* stream = streams.first_ready(/*only_ends=*/true);

  ASSERT_NE(stream, nullptr);
  EXPECT_TRUE(stream->offer().is_last);
  EXPECT_EQ(stream->offer().count, 0);
}

TEST(SendStreams, hold_bytes_until_they_are_acknowledged) {
  SendStreams streams;
  streams.open(3, Urgency::data);
  streams.write(3, buffer_of("abcd"), false);
  streams.write(3, buffer_of("efgh"), false);
  turns(streams);

  EXPECT_EQ(streams.held_bytes(), 8);
  streams.on_acked(3, 5);
  EXPECT_EQ(streams.held_bytes(), 3);
  streams.write(3, buffer_of("ij"), false);
  EXPECT_EQ(text_of(streams.first_ready(false)->offer()), "ij");
  streams.close(3);

  EXPECT_EQ(streams.held_bytes(), 0);
  EXPECT_FALSE(streams.any_waits());
}

TEST(SendStreams, hold_no_reference_to_what_is_acknowledged_however_long_the_queue) {
  SendStreams streams;
  streams.open(3, Urgency::data);
  for (int i = 0; i < 200'000; ++i) streams.write(3, buffer_of("x"), false);

  turns(streams);
  streams.on_acked(3, 100'000);

  EXPECT_EQ(streams.held_bytes(), 100'000);
  streams.close(3);  // not by recursion
}

TEST(SendStreams, know_what_fills_the_end_of_a_packet) {
  SendStreams streams;
  streams.open(3, Urgency::audio);
  streams.open(7, Urgency::video);
  streams.write(3, buffer_of("12345"), true);
  streams.write(7, buffer_of("12345"), true);

  EXPECT_EQ(streams.urgency_at(5), Urgency::audio);
  EXPECT_EQ(streams.urgency_at(6), Urgency::video);
  EXPECT_EQ(streams.urgency_at(10), Urgency::video);
  EXPECT_EQ(streams.urgency_at(11), Urgency::none);
}

TEST(SendStreams, let_others_go_while_one_is_blocked) {
  SendStreams streams;
  streams.open(3, Urgency::audio);
  streams.open(7, Urgency::video);
  streams.write(3, buffer_of("x"), true);
  streams.write(7, buffer_of("x"), true);

  streams.on_blocked(*streams.first_ready(false));
  EXPECT_EQ(turns(streams), std::vector<StreamId>{7});
  EXPECT_TRUE(streams.any_waits());
  streams.on_unblocked(3);

  EXPECT_EQ(turns(streams), std::vector<StreamId>{3});
}

TEST(SendStreams, reset_at_once_what_needs_no_bytes_to_arrive) {
  SendStreams streams;
  streams.open(3, Urgency::video);
  streams.write(3, buffer_of("abcdef"), true);

  streams.reset(3, 9, 0);

  EXPECT_EQ(performed(streams), std::vector<StreamId>{3});
  EXPECT_FALSE(streams.any_waits());
  EXPECT_TRUE(performed(streams).empty());
}

TEST(SendStreams, reset_once_the_reliable_bytes_are_acknowledged_and_send_no_more_than_those) {
  SendStreams streams;
  streams.open(3, Urgency::video);
  streams.write(3, buffer_of("abcdef"), true);

  streams.reset(3, 9, 2);

  EXPECT_TRUE(performed(streams).empty());
  EXPECT_EQ(text_of(streams.first_ready(false)->offer()), "ab");
  EXPECT_FALSE(streams.first_ready(false)->offer().is_last);
  turns(streams);
  streams.on_acked(3, 1);
  EXPECT_TRUE(performed(streams).empty());
  streams.on_acked(3, 1);
  EXPECT_EQ(performed(streams), std::vector<StreamId>{3});
}

TEST(SendStreams, need_no_more_reliable_bytes_than_there_are) {
  SendStreams streams;
  streams.open(3, Urgency::video);

  streams.reset(3, 9, 100);

  EXPECT_EQ(performed(streams), std::vector<StreamId>{3});
}

TEST(SendStreams, take_nothing_for_a_stream_that_is_over) {
  SendStreams streams;
  streams.open(3, Urgency::data);
  streams.write(3, buffer_of("a"), true);
  streams.write(3, buffer_of("b"), true);
  streams.write(99, buffer_of("b"), true);
  streams.reset(99, 1, 0);

  EXPECT_EQ(streams.held_bytes(), 1);
  streams.on_refused(*streams.first_ready(false));
  streams.write(3, buffer_of("c"), false);

  EXPECT_FALSE(streams.any_waits());
}

}  // namespace
}  // namespace parley
