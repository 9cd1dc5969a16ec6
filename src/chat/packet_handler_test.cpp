#include "chat/packet_handler.h"

#include <gtest/gtest.h>

#include <string>

#include "chat/testing/packets.h"

namespace parley {
namespace {

Verdict judged(const std::string& wrapper) { return judge(as_bytes(wrapper)); }

/// MEDIA whose inner message is `data` and whose wrapper has `size` bytes in all.
std::string media_of_size(std::size_t size, char filling) {
  const std::string empty = wrapper_of(PacketType::media, {});
  std::string data(size - empty.size(), filling);
  std::string wrapper = wrapper_of(PacketType::media, data);
  while (wrapper.size() > size) {
    data.pop_back();
    wrapper = wrapper_of(PacketType::media, data);
  }
  return wrapper;
}

TEST(PacketHandler, relays_video_and_screen_as_video_and_knows_their_keyframes) {
  for (const MediaType media : {MediaType::video, MediaType::screen}) {
    const Verdict key = judged(media_wrapper(media, "key"));
    const Verdict delta = judged(media_wrapper(media, "delta"));
    const Verdict unnamed = judged(media_wrapper(media));

    EXPECT_EQ(key.action, Action::relay);
    EXPECT_EQ(key.facts.type, PacketType::media);
    EXPECT_EQ(key.facts.media, media);
    EXPECT_EQ(key.facts.packet_class, PacketClass::video);
    EXPECT_TRUE(key.facts.is_keyframe);
    EXPECT_FALSE(delta.facts.is_keyframe);
    EXPECT_FALSE(unnamed.facts.is_keyframe);
  }
}

TEST(PacketHandler, relays_audio_as_audio_whatever_its_size) {
  const Verdict verdict = judged(media_wrapper(MediaType::audio, {}, "alice", 5000));

  EXPECT_EQ(verdict.action, Action::relay);
  EXPECT_EQ(verdict.facts.packet_class, PacketClass::audio);
  EXPECT_FALSE(judged(media_wrapper(MediaType::audio, "key")).facts.is_keyframe);
}

TEST(PacketHandler, relays_heartbeats_as_control) {
  const Verdict verdict = judged(media_wrapper(MediaType::heartbeat));

  EXPECT_EQ(verdict.action, Action::relay);
  EXPECT_EQ(verdict.facts.packet_class, PacketClass::control);
}

TEST(PacketHandler, echoes_rtt_probes) {
  const Verdict verdict = judged(media_wrapper(MediaType::rtt));

  EXPECT_EQ(verdict.action, Action::echo);
  EXPECT_EQ(verdict.facts.packet_class, PacketClass::control);
}

TEST(PacketHandler, reads_whose_keyframe_is_wanted_from_the_inner_packet) {
  const std::string wrapper = media_wrapper(MediaType::keyframe_request, {}, "asker", 0, "asked");

  const Verdict verdict = judged(wrapper);

  EXPECT_EQ(verdict.action, Action::request_keyframe);
  EXPECT_EQ(verdict.facts.packet_class, PacketClass::control);
  EXPECT_EQ(as_text(verdict.keyframe_of), "asked");
}

TEST(PacketHandler, relays_media_of_the_future_as_data) {
  for (const std::uint64_t type : {std::uint64_t{0}, std::uint64_t{7}, ~std::uint64_t{0}}) {
    const std::string inner = FieldWriter().number(1, type).message();

    const Verdict verdict = judged(wrapper_of(PacketType::media, inner));

    EXPECT_EQ(verdict.action, Action::relay);
    EXPECT_EQ(verdict.facts.packet_class, PacketClass::data);
  }
}

TEST(PacketHandler, takes_sealed_media_up_to_400_bytes_for_audio_and_larger_for_video) {
  const Verdict small = judged(media_of_size(400, '\xff'));
  const Verdict large = judged(media_of_size(401, '\xff'));

  EXPECT_EQ(small.action, Action::relay);
  EXPECT_EQ(small.facts.media, MediaType::none);
  EXPECT_EQ(small.facts.packet_class, PacketClass::audio);
  EXPECT_EQ(large.facts.packet_class, PacketClass::video);
  EXPECT_FALSE(large.facts.is_keyframe);
}

TEST(PacketHandler, does_not_take_a_sealed_payload_that_begins_like_a_probe_for_one) {
  const std::string inner = FieldWriter().number(1, 5).message() + "\xff\xff";

  const Verdict verdict = judged(wrapper_of(PacketType::media, inner));

  EXPECT_EQ(verdict.action, Action::relay);
  EXPECT_EQ(verdict.facts.packet_class, PacketClass::audio);
}

TEST(PacketHandler, relays_key_exchange_as_control) {
  for (const PacketType type : {PacketType::rsa_pub_key, PacketType::aes_key}) {
    const Verdict verdict = judged(wrapper_of(type, "key"));

    EXPECT_EQ(verdict.action, Action::relay);
    EXPECT_EQ(verdict.facts.packet_class, PacketClass::control);
  }
}

TEST(PacketHandler, relays_diagnostics_connection_notes_and_unknown_types_as_data) {
  for (const PacketType type :
       {PacketType::diagnostics, PacketType::connection, PacketType::unknown, PacketType::other}) {
    const Verdict verdict = judged(wrapper_of(type, "x"));

    EXPECT_EQ(verdict.action, Action::relay);
    EXPECT_EQ(verdict.facts.packet_class, PacketClass::data);
  }
}

TEST(PacketHandler, consumes_health_and_finds_its_inner_packet) {
  const std::string wrapper = wrapper_of(PacketType::health, "how I am");

  const Verdict verdict = judged(wrapper);

  EXPECT_EQ(verdict.action, Action::report_health);
  EXPECT_EQ(as_text(verdict.inner), "how I am");
}

TEST(PacketHandler, drops_what_only_the_server_may_say) {
  for (const PacketType type :
       {PacketType::meeting, PacketType::session_assigned, PacketType::congestion})
    EXPECT_EQ(judged(wrapper_of(type, "x")).action, Action::drop_forged);
}

TEST(PacketHandler, relays_no_bytes_as_an_empty_envelope) {
  const Verdict verdict = judge({});

  EXPECT_EQ(verdict.action, Action::relay);
  EXPECT_EQ(verdict.facts.packet_class, PacketClass::data);
}

TEST(PacketHandler, drops_every_truncation_that_is_no_envelope_and_relays_the_others) {
  const std::string whole = media_wrapper(MediaType::video, "key");

  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    const bool walks = walk_envelope(as_bytes(cut)).has_value();

    EXPECT_EQ(judged(cut).action, walks ? Action::relay : Action::drop_malformed) << size;
  }
}

TEST(PacketHandler, never_takes_a_client_for_the_server) {
  const std::string forged = FieldWriter()
                                 .number(1, static_cast<std::uint64_t>(PacketType::diagnostics))
                                 .text(2, system_user_id)
                                 .number(4, 99)
                                 .message();

  const Verdict verdict = judged(forged);

  EXPECT_FALSE(verdict.facts.from_server);
  EXPECT_FALSE(verdict.facts.sender);
}

}  // namespace
}  // namespace parley
