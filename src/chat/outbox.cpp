#include "chat/outbox.h"

#include <algorithm>

namespace parley {
namespace {

/// Packets may become this much older than their age limit before a push looks for them.
constexpr Duration expiry_slack = 20ms;
/// A keyframe that has not come by then is not waited for any longer.
constexpr Duration hold_max = 6s;
/// Evicting frees at least this share of the bound, so that a flood does not pay for a walk
/// through the queue with every packet.
constexpr std::size_t eviction_share = 16;
/// Streams waiting for a keyframe at most; further ones are not held back.
constexpr std::size_t holds_max = 4096;

std::size_t index_of(PacketClass packet_class) { return static_cast<std::size_t>(packet_class); }

}  // namespace

Outbox::~Outbox() { stats_.drop(DropReason::session_closed).add(packets_); }

Delivery Outbox::push(const Packet& packet, TimePoint now) {
  const PacketFacts& facts = packet.facts();
  if (backlogged_ && now >= next_expiry_) expire(now);
  if (holds_back(packet, now)) return Delivery::dropped;
  if (backlogged_ && facts.packet_class == PacketClass::data) trim_data(cost_of(packet));
  if (!fits(packet) && !make_room(packet, now)) {
    if (facts.from_server) overflowed_ = true;
    if (facts.packet_class == PacketClass::video && facts.keyframes_seen)
      hold({facts.sender, facts.media}, now);
    lose(packet.facts(), DropReason::outbox_full);
    return Delivery::dropped;
  }
  // Again, as the room may have been made with the frames this one depends on.
  if (holds_back(packet, now)) return Delivery::dropped;
  queue(facts.packet_class).push_back({packet, now, arrivals_++});
  count_in(packet);
  return Delivery::queued;
}

bool Outbox::has_up_to(PacketClass packet_class) const {
  const auto end = queues_.begin() + static_cast<std::ptrdiff_t>(index_of(packet_class)) + 1;
  return std::any_of(queues_.begin(), end, [](const auto& waiting) { return !waiting.empty(); });
}

std::optional<Outbox::Entry> Outbox::take(TimePoint now) {
  if (backlogged_) expire(now);
  Ring<Entry>* const next = next_queue();
  return next == nullptr ? std::nullopt : take_from(*next);
}

std::optional<Outbox::Entry> Outbox::take(PacketClass packet_class, TimePoint now) {
  if (backlogged_) expire(now);
  return take_from(queue(packet_class));
}

std::optional<Outbox::Entry> Outbox::take_from(Ring<Entry>& waiting) {
  if (waiting.empty()) return std::nullopt;
  Entry entry = waiting.pop_front();
  count_out(entry.packet);
  return entry;
}

void Outbox::lose_taken(const PacketFacts& facts, DropReason reason, TimePoint now) {
  if (facts.packet_class == PacketClass::video && facts.keyframes_seen)
    drop_where(PacketClass::video, DropReason::held_back, now, [](const Entry&) { return false; },
               {{facts.sender, facts.media}});
  lose(facts, reason);
}

void Outbox::put_back(Entry entry) {
  count_in(entry.packet);
  queue(entry.packet.facts().packet_class).push_front(std::move(entry));
}

Ring<Outbox::Entry>* Outbox::next_queue() {
  Ring<Entry>* next = nullptr;
  for (auto& candidate : queues_) {
    if (candidate.empty()) continue;
    if (backlogged_) return &candidate;
    if (next == nullptr || candidate.front().arrival < next->front().arrival) next = &candidate;
  }
  return next;
}

void Outbox::expire(TimePoint now) {
  next_expiry_ = now + expiry_slack;
  expire_queue(PacketClass::audio, limits_.audio_age, DropReason::audio_too_old, now);
  expire_queue(PacketClass::video, limits_.video_age, DropReason::video_too_old, now);
  if (backlogged_) trim_data(0);
}

void Outbox::expire_queue(PacketClass packet_class, Duration age, DropReason reason,
                          TimePoint now) {
  const Ring<Entry>& waiting = queue(packet_class);
  if (waiting.empty() || now - waiting.front().queued_at <= age) return;
  drop_where(packet_class, reason, now,
             [now, age](const Entry& entry) { return now - entry.queued_at > age; });
}

template <class TooMuch>
void Outbox::drop_where(PacketClass packet_class, DropReason reason, TimePoint now,
                        TooMuch too_much, std::vector<Stream> broken) {
  queue(packet_class).filter([&](const Entry& entry) {
    const PacketFacts& facts = entry.packet.facts();
    const Stream stream{facts.sender, facts.media};
    const bool is_video = packet_class == PacketClass::video && facts.keyframes_seen;
    const auto place = is_video ? std::ranges::find(broken, stream) : broken.end();
    const bool is_broken = place != broken.end();

    const bool lost = too_much(entry);
    if (!lost && (!is_broken || facts.is_keyframe)) {
      if (is_broken) broken.erase(place);
      return true;
    }
    if (is_video && !is_broken) broken.push_back(stream);
    count_out(entry.packet);
    lose(entry.packet.facts(), lost ? reason : DropReason::held_back);
    return false;
  });
  for (const Stream stream : broken) hold(stream, now);
}

bool Outbox::holds_back(const Packet& packet, TimePoint now) {
  const PacketFacts& facts = packet.facts();
  if (holds_.empty() || facts.packet_class != PacketClass::video) return false;
  const Stream stream{facts.sender, facts.media};
  const auto held = std::ranges::find(holds_, stream, &Hold::stream);
  if (held == holds_.end()) return false;
  if (!facts.is_keyframe && now - held->since <= hold_max) {
    lose(packet.facts(), DropReason::held_back);
    return true;
  }
  *held = holds_.back();
  holds_.pop_back();
  return false;
}

void Outbox::hold(Stream stream, TimePoint now) {
  // Holds that are over mostly stand for senders who have left.
  std::erase_if(holds_, [now](const Hold& other) { return now - other.since > hold_max; });
  const auto held = std::ranges::find(holds_, stream, &Hold::stream);
  if (held != holds_.end())
    held->since = now;
  else if (holds_.size() < holds_max)
    holds_.push_back({stream, now});
}

void Outbox::trim_data(std::size_t coming) {
  Ring<Entry>& waiting = queue(PacketClass::data);
  // The newest one stays, however big it is: a large one would never arrive.
  const std::size_t kept = coming > 0 ? 0 : 1;
  while (waiting.size() > kept && data_bytes_ + coming > limits_.data_bytes) {
    const Entry oldest = waiting.pop_front();
    count_out(oldest.packet);
    lose(oldest.packet.facts(), DropReason::data_over_budget);
  }
}

std::size_t Outbox::bytes_allowed(const Packet& packet) const {
  const std::size_t own = oversize_of(packet);
  // Until a flush has failed the client has not been asked yet: what follows a large packet in the
  // same turn must not drive it out.
  return limits_.bytes + (backlogged_ ? own : own + oversize_bytes_);
}

bool Outbox::make_room(const Packet& packet, TimePoint now) {
  const PacketFacts& facts = packet.facts();
  expire(now);
  begin_accounting();
  while (!fits(packet)) {
    // The sender with the most bytes waiting, the newcomer's own counted; then his lowest class.
    BytesByClass* victims = nullptr;
    SessionId victim;
    std::size_t most = 0;
    for (auto& [sender, by_class] : *bytes_by_sender_) {
      std::size_t total = 0;
      for (const std::size_t bytes : by_class) total += bytes;
      if (sender == facts.sender && !facts.from_server) total += cost_of(packet);
      if (total > most) {
        most = total;
        victim = sender;
        victims = &by_class;
      }
    }
    if (victims == nullptr) return false;  // all that waits is the server's own
    if (!facts.from_server && victim != facts.sender && cost_of(packet) > most) return false;

    std::size_t lowest = packet_class_count;
    while (lowest > 0 && (*victims)[lowest - 1] == 0) --lowest;
    const bool is_own = victim == facts.sender && !facts.from_server;
    if (lowest == 0 || (is_own && index_of(facts.packet_class) >= lowest)) return false;
    const std::size_t wanted =
        std::max(bytes_ + cost_of(packet) - bytes_allowed(packet), limits_.bytes / eviction_share);
    evict(victim, static_cast<PacketClass>(lowest - 1), wanted, now);
  }
  return true;
}

void Outbox::evict(SessionId sender, PacketClass packet_class, std::size_t wanted, TimePoint now) {
  std::size_t freed = 0;
  drop_where(packet_class, DropReason::outbox_full, now, [&](const Entry& entry) {
    const PacketFacts& facts = entry.packet.facts();
    if (facts.from_server || facts.sender != sender || freed >= wanted) return false;
    freed += cost_of(entry.packet);
    return true;
  });
}

void Outbox::begin_accounting() {
  if (bytes_by_sender_ != nullptr) return;
  bytes_by_sender_ = std::make_unique<std::unordered_map<SessionId, BytesByClass>>();
  for (auto& waiting : queues_)
    waiting.filter([this](const Entry& entry) {
      const PacketFacts& facts = entry.packet.facts();
      if (!facts.from_server)
        (*bytes_by_sender_)[facts.sender][index_of(facts.packet_class)] += cost_of(entry.packet);
      return true;
    });
}

void Outbox::count_in(const Packet& packet) {
  const PacketFacts& facts = packet.facts();
  ++packets_;
  bytes_ += cost_of(packet);
  oversize_bytes_ += oversize_of(packet);
  if (facts.packet_class == PacketClass::data) data_bytes_ += cost_of(packet);
  if (bytes_by_sender_ != nullptr && !facts.from_server)
    (*bytes_by_sender_)[facts.sender][index_of(facts.packet_class)] += cost_of(packet);
}

void Outbox::count_out(const Packet& packet) {
  const PacketFacts& facts = packet.facts();
  --packets_;
  bytes_ -= cost_of(packet);
  oversize_bytes_ -= oversize_of(packet);
  if (facts.packet_class == PacketClass::data) data_bytes_ -= cost_of(packet);
  if (bytes_by_sender_ == nullptr) return;
  if (!facts.from_server) {
    const auto sender = bytes_by_sender_->find(facts.sender);
    sender->second[index_of(facts.packet_class)] -= cost_of(packet);
    if (sender->second == BytesByClass{}) bytes_by_sender_->erase(sender);
  }
  if (packets_ == 0) bytes_by_sender_.reset();
}

void Outbox::lose(const PacketFacts& facts, DropReason reason) {
  stats_.drop(reason).add();
  if (facts.sender && losses_.size() < losses_max) losses_.push_back(facts.sender);
}

}  // namespace parley
