#include "bench/http3_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "webtransport/qpack.h"
#include "webtransport/settings.h"

namespace parley::bench {
namespace {

using Event = ConnectReader::Event;

std::vector<std::uint8_t> frame(std::uint64_t type, Bytes payload) {
  std::vector<std::uint8_t> bytes;
  append_frame_header(bytes, type, payload.size());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::vector<std::uint8_t> answer(const std::string& status) {
  return frame(http3_frame::headers,
               encode_fields(std::vector<Http3Field>{{":status", status}, {"server", "x"}}));
}

std::vector<std::uint8_t> operator+(std::vector<std::uint8_t> a, Bytes b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// All events of `bytes` fed in pieces of `step`.
std::vector<Event> read(ConnectReader& reader, Bytes bytes, bool is_last, std::size_t step) {
  std::vector<Event> events;
  do {
    Bytes piece = bytes.first(std::min(step, bytes.size()));
    bytes = bytes.subspan(piece.size());
    for (Event event = Event::accepted; event != Event::none;) {
      event = reader.next(piece, is_last && bytes.empty());
      if (event != Event::none) events.push_back(event);
    }
  } while (!bytes.empty());
  return events;
}

TEST(ConnectReader, hears_that_there_is_a_session_and_why_it_ends) {
  const auto bytes = answer("200") + close_capsule_frame(4001, "too\nslow");

  for (const std::size_t step : {1UL, 7UL, 1000UL}) {
    ConnectReader reader;
    EXPECT_EQ(read(reader, bytes, true, step), (std::vector{Event::accepted, Event::ended}));
    EXPECT_EQ(reader.reason(), "closed by the server with 4001: too slow");
  }
}

TEST(ConnectReader, hears_the_end_of_a_session_without_a_capsule) {
  ConnectReader reader;

  EXPECT_EQ(read(reader, answer("200"), true, 1000), (std::vector{Event::accepted, Event::ended}));
}

TEST(ConnectReader, gives_status_and_body_of_a_refusal) {
  ConnectReader reader;
  const auto bytes = answer("401") + frame(http3_frame::data, as_bytes("no such token\n"));

  EXPECT_EQ(read(reader, bytes, true, 5), std::vector{Event::refused});
  EXPECT_EQ(reader.reason(), "401: no such token");
}

TEST(ConnectReader, notices_what_is_not_http3) {
  ConnectReader reader;

  EXPECT_EQ(read(reader, frame(http3_frame::goaway, as_bytes("x")), false, 100),
            std::vector{Event::broken});
}

TEST(IncomingStream, keeps_the_first_bytes_of_a_packet_and_its_length) {
  const std::string packet(5'000, 'p');
  const auto bytes = message_prefix(0) + as_bytes(packet);

  for (const std::size_t step : {1UL, 300UL, 6'000UL}) {
    IncomingStream stream;
    for (Bytes rest = bytes; !rest.empty(); rest = rest.subspan(std::min(step, rest.size())))
      stream.feed(rest.first(std::min(step, rest.size())), 0);
    EXPECT_TRUE(stream.is_packet());
    EXPECT_EQ(stream.packet_size(), packet.size());
    EXPECT_EQ(as_text(stream.packet_head()), packet.substr(0, packet_head_bytes));
  }
}

TEST(IncomingStream, of_another_session_is_no_packet) {
  IncomingStream stream;
  stream.feed(message_prefix(4), 0);
  EXPECT_FALSE(stream.is_packet());
}

TEST(IncomingStream, knows_when_the_settings_have_come) {
  const auto settings = server_settings();
  std::vector<std::uint8_t> bytes = {0};
  append_frame_header(bytes, http3_frame::settings, settings.size());
  bytes = bytes + settings;

  IncomingStream stream;
  for (const std::uint8_t& byte : bytes) {
    EXPECT_FALSE(stream.has_settings());
    stream.feed(Bytes(&byte, 1), 0);
  }

  EXPECT_TRUE(stream.has_settings());
}

TEST(Http3Client, says_what_a_relay_reads) {
  const auto start = control_stream_start();
  Bytes payload = Bytes(start).subspan(3);
  const auto settings = read_settings(payload);
  ASSERT_TRUE(settings.has_value());
  EXPECT_TRUE(settings->takes_datagrams);

  Endpoint endpoint;
  endpoint.host = "::1";
  endpoint.port = 4433;
  const auto request = connect_request(endpoint, "/lobby/ann/room");
  Http3FrameReader reader(Http3FrameRules::request);
  Bytes rest = request;
  const auto fields = decode_fields(reader.next(rest).payload);
  ASSERT_TRUE(fields.has_value());
  EXPECT_NE(std::find(fields->begin(), fields->end(), Http3Field{":path", "/lobby/ann/room"}),
            fields->end());
  EXPECT_NE(std::find(fields->begin(), fields->end(), Http3Field{":authority", "[::1]:4433"}),
            fields->end());
}

TEST(Http3Client, names_the_session_of_a_datagram_by_a_quarter) {
  const auto ping = ping_datagram(8);
  Bytes bytes = ping;
  EXPECT_TRUE(take_datagram_head(bytes, 8));
  EXPECT_EQ(as_text(bytes), "ping");

  Bytes again = ping;
  EXPECT_FALSE(take_datagram_head(again, 4));
}

}  // namespace
}  // namespace parley::bench
