#include "webtransport/web_transport_bridge.h"

#include <algorithm>
#include <utility>

namespace parley {
namespace {

Urgency urgency_of(PacketClass packet_class) { return static_cast<Urgency>(packet_class); }

}  // namespace

static_assert(static_cast<int>(Urgency::control) == static_cast<int>(PacketClass::control) &&
                  static_cast<int>(Urgency::video) == static_cast<int>(PacketClass::video) &&
                  static_cast<std::size_t>(Urgency::none) == packet_class_count,
              "the classes of packets are their urgencies");

bool WebTransportBridge::pull(Urgency than, Now now) {
  waits_for_streams_ = false;
  for (std::size_t i = 0; i < static_cast<std::size_t>(than); ++i) {
    auto entry = outbox_.take(static_cast<PacketClass>(i), now.monotonic);
    if (!entry) continue;
    if (send(*entry, now)) return true;
    // What is less urgent may still find a way that is no stream.
    waits_for_streams_ = true;
    outbox_.put_back(std::move(*entry));
  }
  return false;
}

bool WebTransportBridge::send(const Outbox::Entry& entry, Now now) {
  const Packet& packet = entry.packet;
  const PacketFacts& facts = packet.facts();
  const bool as_datagram = facts.channel == Channel::datagram && session_.send_datagram(packet);
  // Audio would rather be lost than wait for a stream.
  if (!as_datagram && !send_on_stream(packet, now) &&
      !(facts.packet_class == PacketClass::audio && session_.send_datagram(packet)))
    return false;
  on_sent_(packet);
  return true;
}

bool WebTransportBridge::send_on_stream(const Packet& packet, Now now) {
  const auto stream = session_.send(packet, urgency_of(packet.facts().packet_class));
  if (stream) in_flight_.push_back({{*stream, now.monotonic}, packet.facts()});
  return stream.has_value();
}

void WebTransportBridge::on_stream_over(StreamId stream) {
  const auto place = std::ranges::lower_bound(
      in_flight_, stream, {}, [](const InFlight& packet) { return packet.sent.stream; });
  if (place == in_flight_.end() || place->sent.stream != stream) return;
  place->is_over = true;
  forget_finished();
}

void WebTransportBridge::send_last_words(Now now) {
  while (auto entry = outbox_.take(now.monotonic)) {
    if (!entry->packet.facts().from_server || !send(*entry, now))
      outbox_.lose_taken(entry->packet.facts(), DropReason::session_closed, now.monotonic);
  }
}

TimePoint WebTransportBridge::deadline() const {
  return in_flight_.empty() ? never : in_flight_.front().sent.opened_at + in_flight_max;
}

void WebTransportBridge::on_deadline(Now now) {
  for (std::size_t i = 0; i < in_flight_.size(); ++i) {
    InFlight& packet = in_flight_[i];
    if (now.monotonic - packet.sent.opened_at < in_flight_max) break;
    if (packet.is_over) continue;
    if (packet.facts.packet_class == PacketClass::control) {
      packet.is_over = true;  // it may take as long as it takes: only no longer watched
      continue;
    }
    abandon(packet, DropReason::in_flight_too_long, now);
    if (packet.facts.packet_class != PacketClass::video || !packet.facts.keyframes_seen) continue;
    // What the client cannot decode without this frame.
    for (std::size_t k = i + 1; k < in_flight_.size(); ++k) {
      InFlight& later = in_flight_[k];
      const bool same =
          later.facts.sender == packet.facts.sender && later.facts.media == packet.facts.media;
      if (same && later.facts.is_keyframe) break;
      if (same && !later.is_over) abandon(later, DropReason::held_back, now);
    }
  }
  forget_finished();
}

void WebTransportBridge::abandon(InFlight& packet, DropReason reason, Now now) {
  packet.is_over = true;
  session_.abandon(packet.sent.stream);
  outbox_.lose_taken(packet.facts, reason, now.monotonic);
}

void WebTransportBridge::forget_finished() {
  while (!in_flight_.empty() && in_flight_.front().is_over) in_flight_.pop_front();
}

}  // namespace parley
