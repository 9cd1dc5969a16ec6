#include "wire/health_report.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "wire/proto/health_packet.pb.h"

namespace parley {
namespace {

using namespace std::string_view_literals;

constexpr HealthReporter alice{{42}, "alice", "room1", "websocket"};

std::string attributed(std::string_view inner) {
  const auto report = attributed_health_report(as_bytes(inner), alice);
  return report ? *report : "fault " + std::to_string(static_cast<int>(report.error()));
}

TEST(HealthReport, goes_on_byte_for_byte_when_it_says_the_truth) {
  // Session, meeting, user; time 5, audio on; peer "7" who can be heard; address, transport, 2.0
  // ms; and a field of the future.
  constexpr std::string_view truth =
      "\x0a\x02"
      "42"
      "\x12\x05"
      "room1"
      "\x1a\x05"
      "alice"
      "\x20\x05\x28\x01"
      "\x3a\x07\x0a\x01"
      "7"
      "\x12\x02\x08\x01"
      "\x42\x06"
      "wss://"
      "\x4a\x09"
      "websocket"
      "\x51\x00\x00\x00\x00\x00\x00\x00\x40"
      "\xa2\x06\x03"
      "new"sv;

  EXPECT_EQ(attributed(truth), truth);
}

TEST(HealthReport, who_speaks_is_the_servers_word) {
  proto::HealthPacket lie;
  lie.set_session_id("1");
  lie.set_meeting_id("another-room");
  lie.set_reporting_user_id("mallory");
  lie.set_active_server_type("carrier-pigeon");
  lie.set_timestamp_ms(77);
  (*lie.mutable_peer_stats())["bob"].set_can_see(true);

  proto::HealthPacket seen;
  ASSERT_TRUE(seen.ParseFromString(attributed(lie.SerializeAsString())));

  EXPECT_EQ(seen.session_id(), "42");
  EXPECT_EQ(seen.meeting_id(), "room1");
  EXPECT_EQ(seen.reporting_user_id(), "alice");
  EXPECT_EQ(seen.active_server_type(), "websocket");
  EXPECT_EQ(seen.timestamp_ms(), 77u);
  EXPECT_TRUE(seen.peer_stats().at("bob").can_see());
}

TEST(HealthReport, who_writes_his_name_twice_does_not_get_through_with_the_second) {
  const std::string twice =
      "\x12\x04room\x12\x05other\x1a\x03"
      "eve";

  proto::HealthPacket seen;
  ASSERT_TRUE(seen.ParseFromString(attributed(twice)));

  EXPECT_EQ(seen.meeting_id(), "room1");
  EXPECT_EQ(seen.reporting_user_id(), "alice");
}

TEST(HealthReport, a_token_in_the_address_goes_nowhere) {
  proto::HealthPacket packet;
  packet.set_active_server_url("wss://relay.example/lobby?token=secret#secret");

  proto::HealthPacket seen;
  ASSERT_TRUE(seen.ParseFromString(attributed(packet.SerializeAsString())));
  EXPECT_EQ(seen.active_server_url(), "wss://relay.example/lobby");

  const auto read = decode_health_report(as_bytes(packet.SerializeAsString()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server_url, "wss://relay.example/lobby");
}

TEST(HealthReport, garbage_and_what_is_too_much_have_their_names) {
  const auto fault = [](const std::string& inner) {
    return attributed_health_report(as_bytes(inner), alice).error();
  };
  proto::HealthPacket crowd;
  for (int i = 0; i < 10'000; ++i) (*crowd.mutable_peer_stats())[std::to_string(i)];
  std::string hollow;
  for (int i = 0; i < 100'000; ++i) hollow += "\x3a"sv, hollow += '\0';

  EXPECT_EQ(fault("\xff\xff\xff"), HealthFault::malformed);
  EXPECT_EQ(fault("\x12\x02\xff\xff"), HealthFault::malformed);  // no UTF-8
  EXPECT_EQ(fault(crowd.SerializeAsString()), HealthFault::too_many_peers);
  EXPECT_EQ(fault(hollow), HealthFault::too_many_peers);
  EXPECT_EQ(fault(std::string(health_bytes_max + 1, 'x')), HealthFault::too_large);
  EXPECT_EQ(decode_health_report(as_bytes(hollow)).error(), HealthFault::too_many_peers);
}

TEST(HealthReport, garbage_writes_no_line_anywhere) {
  testing::internal::CaptureStderr();

  (void)attributed_health_report(as_bytes("\x12\x02\xff\xff"), alice);
  (void)decode_health_report(as_bytes("\x12\x02\xff\xff"));

  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(HealthReport, is_read_with_all_its_numbers) {
  proto::HealthPacket packet;
  packet.set_session_id("42");
  packet.set_meeting_id("room1");
  packet.set_reporting_user_id("alice");
  packet.set_timestamp_ms(5);
  packet.set_reporting_audio_enabled(true);
  packet.set_active_server_rtt_ms(2.5);
  proto::PeerStats& bob = (*packet.mutable_peer_stats())["7"];
  bob.set_video_enabled(true);
  bob.mutable_neteq_stats()->set_current_buffer_size_ms(60);
  bob.mutable_neteq_stats()->mutable_network()->mutable_operation_counters()->set_merge_per_sec(3);
  bob.mutable_video_stats()->set_fps_received(std::numeric_limits<double>::quiet_NaN());
  bob.mutable_video_stats()->set_frames_buffered(4);

  const auto report = decode_health_report(as_bytes(packet.SerializeAsString()));

  ASSERT_TRUE(report);
  EXPECT_EQ(report->session_id, "42");
  EXPECT_EQ(report->user_id, "alice");
  EXPECT_EQ(report->at.count, 5u);
  EXPECT_TRUE(report->audio_enabled);
  EXPECT_FALSE(report->video_enabled);
  EXPECT_EQ(report->server_rtt_ms, 2.5);
  ASSERT_EQ(report->peers.size(), 1u);
  const PeerHealth& peer = report->peers[0];
  EXPECT_EQ(peer.peer, "7");
  EXPECT_TRUE(peer.video_enabled);
  ASSERT_TRUE(peer.audio && peer.audio->operations && peer.video);
  EXPECT_EQ(peer.audio->buffer_ms, 60);
  EXPECT_EQ(peer.audio->operations->at(5), 3);
  EXPECT_EQ(peer.video->fps, 0);
  EXPECT_EQ(peer.video->frames_buffered, 4);
}

TEST(HealthReport, what_a_client_does_not_say_is_not_zero) {
  proto::HealthPacket packet;
  (*packet.mutable_peer_stats())["7"].mutable_neteq_stats();

  const auto report = decode_health_report(as_bytes(packet.SerializeAsString()));

  ASSERT_TRUE(report && report->peers.size() == 1);
  EXPECT_TRUE(report->peers[0].audio);
  EXPECT_FALSE(report->peers[0].audio->operations);
  EXPECT_FALSE(report->peers[0].video);
}

}  // namespace
}  // namespace parley
