#include "wire/connection_event.h"

#include <gtest/gtest.h>

#include <string_view>

namespace parley {
namespace {

using namespace std::string_view_literals;

ConnectionEvent alice(ConnectionEvent::Kind kind) {
  return {.kind = kind,
          .at = {1770163200000},
          .session_id = "42",
          .user_id = "alice",
          .meeting_id = "room1",
          .protocol = "websocket",
          .server_instance = "relay-1",
          .region = "us-east"};
}

// Every event of hers begins with its kind and these.
constexpr std::string_view time_and_alice =
    "\x10\x80\xc0\xcb\xaf\xc2\x33"
    "\x1a\x2f"
    "\x0a\x02"
    "42"
    "\x12\x05"
    "alice"
    "\x1a\x05"
    "room1"
    "\x22\x09"
    "websocket"
    "\x2a\x07"
    "relay-1"
    "\x32\x07"
    "us-east"sv;

TEST(ConnectionEvent, started_is_written_byte_for_byte) {
  ConnectionEvent event = alice(ConnectionEvent::Kind::started);

  EXPECT_EQ(encode(event), std::string("\x08\x01").append(time_and_alice));

  event.is_reconnection = true;
  EXPECT_EQ(encode(event), std::string("\x08\x01").append(time_and_alice) + "\x30\x01");
}

TEST(ConnectionEvent, data_transferred_is_written_byte_for_byte) {
  ConnectionEvent event = alice(ConnectionEvent::Kind::data_transferred);
  event.data = {300, 5};

  EXPECT_EQ(encode(event),
            std::string("\x08\x03").append(time_and_alice) + "\x22\x05\x08\xac\x02\x10\x05");
}

TEST(ConnectionEvent, ended_is_written_byte_for_byte) {
  ConnectionEvent event = alice(ConnectionEvent::Kind::ended);
  event.data.emplace();
  event.duration = 1500ms;

  EXPECT_EQ(encode(event),
            std::string("\x08\x02").append(time_and_alice).append("\x22\x00\x28\xdc\x0b"sv));
}

TEST(ConnectionEvent, is_read_as_it_was_written) {
  ConnectionEvent event = alice(ConnectionEvent::Kind::ended);
  event.data = {7, 8};
  event.duration = 9ms;
  event.is_reconnection = true;

  const std::string bytes = encode(event);
  const auto read = decode_connection_event(as_bytes(bytes));

  ASSERT_TRUE(read);
  EXPECT_EQ(encode(*read), bytes);
  EXPECT_EQ(read->kind, ConnectionEvent::Kind::ended);
  EXPECT_EQ(read->at.count, 1770163200000u);
  EXPECT_EQ(read->user_id, "alice");
  EXPECT_EQ(read->data->sent, 7u);
  EXPECT_EQ(read->data->received, 8u);
  EXPECT_EQ(read->duration, 9ms);
}

TEST(ConnectionEvent, what_is_none_is_not_read) {
  EXPECT_FALSE(decode_connection_event(as_bytes("\xff\xff")));
  EXPECT_FALSE(decode_connection_event(as_bytes("\x1a\x04\x0a\x02\xff\xff")));  // no UTF-8

  const auto nothing = decode_connection_event({});
  ASSERT_TRUE(nothing);
  EXPECT_EQ(nothing->kind, ConnectionEvent::Kind::unknown);

  const auto from_the_future = decode_connection_event(as_bytes("\x08\x63"));
  ASSERT_TRUE(from_the_future);
  EXPECT_EQ(from_the_future->kind, ConnectionEvent::Kind::unknown);
}

TEST(ConnectionEvent, no_duration_overflows) {
  const auto event =
      decode_connection_event(as_bytes("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));

  ASSERT_TRUE(event);
  EXPECT_GT(event->duration, 1h);
  EXPECT_GT(Duration(event->duration), 1h);
}

}  // namespace
}  // namespace parley
