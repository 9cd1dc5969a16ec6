#include "chat/packet_handler.h"

#include "wire/envelope.h"
#include "wire/media.h"

namespace parley {
namespace {

/// Encrypted MEDIA up to this size is taken for audio: 20 ms of Opus are 60–190 bytes, and a video
/// frame is rarely below 400.
constexpr std::size_t unreadable_audio_bytes_max = 400;

void judge_media(const Envelope& envelope, std::size_t size, Verdict& verdict) {
  PacketFacts& facts = verdict.facts;
  const auto media = walk_media(envelope.data);
  if (!media) {
    facts.packet_class =
        size <= unreadable_audio_bytes_max ? PacketClass::audio : PacketClass::video;
    return;
  }
  facts.media = media->type;
  switch (media->type) {
    case MediaType::video:
    case MediaType::screen:
      facts.packet_class = PacketClass::video;
      facts.is_keyframe = media->frame_type == "key";
      break;
    case MediaType::audio:
      facts.packet_class = PacketClass::audio;
      break;
    case MediaType::heartbeat:
      facts.packet_class = PacketClass::control;
      break;
    case MediaType::rtt:
      facts.packet_class = PacketClass::control;
      verdict.action = Action::echo;
      break;
    case MediaType::keyframe_request:
      facts.packet_class = PacketClass::control;
      verdict.action = Action::request_keyframe;
      verdict.keyframe_of = media->user_id;
      break;
    default:
      break;  // a media type of the future: data
  }
}

}  // namespace

Verdict judge(Bytes wrapper) {
  Verdict verdict;
  const auto envelope = walk_envelope(wrapper);
  if (!envelope) {
    verdict.action = Action::drop_malformed;
    return verdict;
  }
  verdict.inner = envelope->data;
  verdict.facts.type = envelope->type;
  verdict.said_by = envelope->session_id;
  switch (envelope->type) {
    case PacketType::media:
      judge_media(*envelope, wrapper.size(), verdict);
      break;
    case PacketType::rsa_pub_key:
    case PacketType::aes_key:
      verdict.facts.packet_class = PacketClass::control;
      break;
    case PacketType::health:
      verdict.action = Action::report_health;
      break;
    case PacketType::meeting:
    case PacketType::session_assigned:
    case PacketType::congestion:
      verdict.action = Action::drop_forged;
      break;
    default:
      break;
  }
  return verdict;
}

}  // namespace parley
