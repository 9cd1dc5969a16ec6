#pragma once
// For tests: a simulated shard, and the way between two of them.

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <variant>

#include "chat/chat_server.h"
#include "chat/testing/simulated_client.h"

namespace parley::simulated {

/// Something on its way between two shards.
struct Parcel {
  ShardIndex from, to;
  std::variant<Note, RoomPacket> item;
  TimePoint due;
};

/// A shard as the others see it. What it gives them leaves in the order in which it was given, but
/// not all at once: they may act on the first before the next has left, as threads do. What reaches
/// it is handled in the order in which it left the others, as through a Mailbox.
class SimulatedShard final : public Bus {
 public:
  SimulatedShard(World& world, ShardIndex its_index, ShardIndex shards, std::mt19937& random)
      : index(its_index), world_(world), shards_(shards), random_(random) {}

  const ShardIndex index;
  ShardStats stats;
  std::map<ShardIndex, std::uint64_t> given;         ///< parcels, by receiver
  std::map<ShardIndex, std::uint64_t> handled_from;  ///< parcels, by sender
  std::unique_ptr<ChatServer> chat;

  void tell(ShardIndex to, Note note) override { give(to, std::move(note)); }
  [[nodiscard]] bool offer(ShardIndex to, const RoomPacket& packet) override {
    give(to, packet);
    return true;
  }
  [[nodiscard]] ShardIndex shards() const override { return shards_; }

  /// The next parcel that leaves for another shard now.
  std::optional<Parcel> take_outgoing() {
    if (outgoing_.empty() || outgoing_.front().due > world_.now().monotonic) return std::nullopt;
    std::optional parcel = std::move(outgoing_.front());
    outgoing_.pop_front();
    return parcel;
  }
  void receive(Parcel parcel) {
    const Duration delay = random_() % 500 == 0 ? Millis(random_() % 300) : Millis(random_() % 4);
    const TimePoint earliest = inbox_.empty() ? TimePoint{} : inbox_.back().due;
    parcel.due = std::max(earliest, world_.now().monotonic + delay);
    inbox_.push_back(std::move(parcel));
  }
  /// Handles the next parcel that has arrived by now.
  void handle_one() {
    if (inbox_.empty() || inbox_.front().due > world_.now().monotonic) return;
    Parcel parcel = std::move(inbox_.front());
    inbox_.pop_front();
    ++handled_from[parcel.from];
    if (auto* note = std::get_if<Note>(&parcel.item))
      chat->handle(std::move(*note), world_.now());
    else
      chat->handle(std::get<RoomPacket>(parcel.item), world_.now());
  }

  /// Whether somebody on shard `to` has been sent away and may not know it yet, as far as is seen
  /// here.
  [[nodiscard]] bool carries_removal(ShardIndex to) const {
    const auto removes = [to](const Parcel& parcel) {
      const auto* const note = std::get_if<Note>(&parcel.item);
      return parcel.to == to && note != nullptr && std::holds_alternative<RemoveNote>(*note);
    };
    return std::ranges::any_of(outgoing_, removes) || std::ranges::any_of(inbox_, removes);
  }

  /// When something is to be done here.
  [[nodiscard]] TimePoint next() const {
    TimePoint time = chat->deadline();
    if (!inbox_.empty()) time = std::min(time, inbox_.front().due);
    if (!outgoing_.empty()) time = std::min(time, outgoing_.front().due);
    return time;
  }

 private:
  void give(ShardIndex to, std::variant<Note, RoomPacket> item) {
    const TimePoint earliest = outgoing_.empty() ? TimePoint{} : outgoing_.back().due;
    const TimePoint due = world_.now().monotonic + Millis(random_() % 4 / 3);
    outgoing_.push_back({index, to, std::move(item), std::max(earliest, due)});
    ++given[to];
  }

  World& world_;
  const ShardIndex shards_;
  std::mt19937& random_;
  std::deque<Parcel> outgoing_;
  std::deque<Parcel> inbox_;
};

}  // namespace parley::simulated
