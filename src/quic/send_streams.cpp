#include "quic/send_streams.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace parley {

StreamPrefix::StreamPrefix(Bytes bytes) : length_(static_cast<std::uint8_t>(bytes.size())) {
  check(bytes.size() <= bytes_max, "a prefix is too long");
  std::ranges::copy(bytes, data_.begin());
}

Bytes SendStream::Chunk::payload_bytes() const {
  if (const Buffer* buffer = std::get_if<Buffer>(&payload)) return buffer->bytes();
  const Packet& packet = std::get<Packet>(payload);
  return packet.empty() ? Bytes{} : packet.wrapper();
}

SendStream::SendStream(StreamId id, Urgency urgency, std::uint64_t age)
    : id_(id), urgency_(urgency), age_(age) {}

SendStream::~SendStream() {
  // One by one: a long chain would be destroyed in as deep a recursion.
  while (first_ != nullptr) first_ = std::move(first_->next);
}

std::size_t SendStream::unsent() const {
  if (is_refused_ || reset_ >= Reset::due) return 0;
  const std::uint64_t end = reset_ == Reset::wanted ? std::min(queued_, reliable_bytes_) : queued_;
  return end > sent_ ? static_cast<std::size_t>(end - sent_) : 0;
}

bool SendStream::wants_to_send() const {
  if (unsent() > 0) return true;
  return is_last_queued_ && !is_last_sent_ && !is_refused_ && reset_ == Reset::none;
}

SendStream::Offer SendStream::offer() const {
  Offer offer;
  std::size_t left = unsent();
  const std::size_t all = left;
  std::size_t skip = next_sent_;
  for (const Chunk* chunk = next_; chunk != nullptr && left > 0; chunk = chunk->next.get()) {
    for (Bytes part : {chunk->prefix.bytes(), chunk->payload_bytes()}) {
      const std::size_t skipped = std::min(skip, part.size());
      skip -= skipped;
      part = part.subspan(skipped);
      part = part.first(std::min(part.size(), left));
      if (part.empty()) continue;
      if (offer.count == Offer::vectors_max) return offer;
      // ngtcp2 takes what it only reads as uint8_t*.
      offer.vectors[offer.count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
      offer.bytes += part.size();
      left -= part.size();
    }
  }
  offer.is_last = offer.bytes == all && is_last_queued_ && reset_ == Reset::none;
  return offer;
}

void SendStream::append(std::unique_ptr<Chunk> chunk) {
  queued_ += chunk->size();
  Chunk* added = chunk.get();
  if (last_ == nullptr)
    first_ = std::move(chunk);
  else
    last_->next = std::move(chunk);
  last_ = added;
  if (next_ == nullptr) next_ = added;
}

void SendStream::on_sent(std::size_t bytes) {
  sent_ += bytes;
  next_sent_ += bytes;
  while (next_ != nullptr && next_sent_ >= next_->size()) {
    next_sent_ -= next_->size();
    next_ = next_->next.get();
  }
}

void SendStream::on_acked(std::size_t bytes) {
  acked_ += bytes;
  first_acked_ += bytes;
  drop_acked();
}

void SendStream::drop_acked() {
  // Not the one that is sent next, even if it is empty: next_ points to it.
  while (first_ != nullptr && first_.get() != next_ && first_acked_ >= first_->size()) {
    first_acked_ -= first_->size();
    first_ = std::move(first_->next);
  }
  if (first_ == nullptr) last_ = nullptr;
}

void SendStreams::open(StreamId id, Urgency urgency) {
  check(urgency != Urgency::none, "a stream is opened without an urgency");
  streams_.try_emplace(id, id, urgency, opened_++);
}

void SendStreams::close(StreamId id) {
  SendStream* stream = find(id);
  if (stream == nullptr) return;
  unlink(*stream);
  set_blocked(*stream, false);
  held_ -= stream->held();
  streams_.erase(id);
}

bool SendStreams::is_reset(StreamId id) const {
  const auto found = streams_.find(id);
  return found != streams_.end() && found->second.reset_ != SendStream::Reset::none;
}

SendStream* SendStreams::find(StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

void SendStreams::write(StreamId id, Buffer bytes, bool is_last) {
  append(id, StreamPrefix(), std::move(bytes), is_last);
}

void SendStreams::write_packet(StreamId id, Bytes prefix, Packet packet) {
  append(id, StreamPrefix(prefix), std::move(packet), /*is_last=*/true);
}

void SendStreams::append(StreamId id, StreamPrefix prefix, std::variant<Buffer, Packet> payload,
                         bool is_last) {
  SendStream* stream = find(id);
  if (stream == nullptr || stream->is_last_queued_ || stream->is_refused_ ||
      stream->reset_ != SendStream::Reset::none)
    return;
  auto chunk = std::make_unique<SendStream::Chunk>();
  chunk->prefix = prefix;
  chunk->payload = std::move(payload);
  const std::size_t bytes = chunk->size();
  if (bytes > 0) stream->append(std::move(chunk));
  held_ += bytes;
  stream->is_last_queued_ = is_last;
  sort_in(*stream);
}

void SendStreams::reset(StreamId id, std::uint64_t code, std::size_t reliable_bytes) {
  SendStream* stream = find(id);
  if (stream == nullptr || stream->reset_ != SendStream::Reset::none) return;
  stream->reset_code_ = code;
  stream->reliable_bytes_ = std::min<std::uint64_t>(reliable_bytes, stream->queued_);
  const bool is_due = stream->acked_ >= stream->reliable_bytes_ || stream->is_refused_;
  stream->reset_ = is_due ? SendStream::Reset::due : SendStream::Reset::wanted;
  if (is_due) due_resets_.push_back(id);
  sort_in(*stream);
}

SendStream* SendStreams::first_ready(bool only_ends) {
  for (const Queue& queue : queues_)
    for (SendStream* stream = queue.first; stream != nullptr; stream = stream->after_)
      if (!only_ends || stream->unsent() == 0) return stream;
  return nullptr;
}

Urgency SendStreams::urgency_at(std::size_t bytes) const {
  for (const Queue& queue : queues_) {
    for (const SendStream* stream = queue.first; stream != nullptr; stream = stream->after_) {
      if (stream->unsent() >= bytes) return stream->urgency_;
      bytes -= stream->unsent();
    }
  }
  return Urgency::none;
}

void SendStreams::on_sent(SendStream& stream, std::size_t bytes, bool was_last) {
  stream.on_sent(bytes);
  if (was_last) stream.is_last_sent_ = true;
  sort_in(stream);
}

void SendStreams::on_acked(StreamId id, std::size_t bytes) {
  SendStream* stream = find(id);
  if (stream == nullptr) return;
  stream->on_acked(bytes);
  held_ -= bytes;
  if (stream->reset_ == SendStream::Reset::wanted && stream->acked_ >= stream->reliable_bytes_) {
    stream->reset_ = SendStream::Reset::due;
    due_resets_.push_back(id);
    sort_in(*stream);
  }
}

void SendStreams::on_blocked(SendStream& stream) {
  unlink(stream);
  set_blocked(stream, true);
}

void SendStreams::on_unblocked(StreamId id) {
  SendStream* stream = find(id);
  if (stream == nullptr || !stream->is_blocked_) return;
  set_blocked(*stream, false);
  sort_in(*stream);
}

void SendStreams::on_refused(SendStream& stream) {
  stream.is_refused_ = true;
  sort_in(stream);
}

void SendStreams::sort_in(SendStream& stream) {
  if (!stream.wants_to_send()) {
    unlink(stream);
    set_blocked(stream, false);
  } else if (!stream.is_ready_ && !stream.is_blocked_) {
    link(stream);
  }
}

void SendStreams::link(SendStream& stream) {
  Queue& queue = queue_of(stream);
  // Nearly always the youngest: walked from the end.
  SendStream* before = queue.last;
  while (before != nullptr && before->age_ > stream.age_) before = before->before_;
  stream.before_ = before;
  stream.after_ = before == nullptr ? queue.first : before->after_;
  (stream.before_ == nullptr ? queue.first : stream.before_->after_) = &stream;
  (stream.after_ == nullptr ? queue.last : stream.after_->before_) = &stream;
  stream.is_ready_ = true;
  ++ready_count_;
}

void SendStreams::unlink(SendStream& stream) {
  if (!std::exchange(stream.is_ready_, false)) return;
  Queue& queue = queue_of(stream);
  (stream.before_ == nullptr ? queue.first : stream.before_->after_) = stream.after_;
  (stream.after_ == nullptr ? queue.last : stream.after_->before_) = stream.before_;
  stream.before_ = stream.after_ = nullptr;
  --ready_count_;
}

void SendStreams::set_blocked(SendStream& stream, bool blocked) {
  if (stream.is_blocked_ == blocked) return;
  stream.is_blocked_ = blocked;
  blocked ? ++blocked_count_ : --blocked_count_;
}

}  // namespace parley
