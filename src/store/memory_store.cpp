#include "store/memory_store.h"

#include <algorithm>

namespace parley {

class MemoryStore::Rows final : public RoomRows {
 public:
  explicit Rows(Room& room) : room_(room) {}

  void enter(std::string_view user, std::string_view instance, UnixMillis now) override {
    room_.present.emplace(user);
    room_.held_since.emplace(std::pair(user, instance), now);
  }
  std::uint64_t present() override { return room_.present.size(); }
  std::optional<Meeting> meeting() override { return room_.meeting; }
  void begin_meeting(std::string_view creator, UnixMillis now) override {
    room_.meeting = Meeting{now, std::nullopt, std::string(creator)};
    room_.hosts.clear();
  }
  void end_meeting(UnixMillis now) override {
    if (room_.meeting && !room_.meeting->ended_at)
      room_.meeting->ended_at = std::max(room_.meeting->started_at, now);
  }
  void add_host(std::string_view user) override { room_.hosts.emplace(user); }
  Hosts hosts(std::string_view user) override {
    Hosts hosts{.all = room_.hosts.size(), .include_user = room_.hosts.contains(user)};
    for (const std::string& host : room_.hosts) hosts.present += room_.present.count(host);
    return hosts;
  }

  void release(std::string_view user, std::string_view instance) override {
    room_.held_since.erase({std::string(user), std::string(instance)});
  }
  void release_everywhere(std::string_view user) override {
    std::erase_if(room_.held_since, [user](const auto& held) { return held.first.first == user; });
  }
  bool release_if_since(std::string_view user, std::string_view instance,
                        UnixMillis since) override {
    const auto held = room_.held_since.find({std::string(user), std::string(instance)});
    if (held == room_.held_since.end() || held->second != since) return false;
    room_.held_since.erase(held);
    return true;
  }
  bool leave_if_released(std::string_view user, UnixMillis /*now*/) override {
    const auto is_held = [user](const auto& held) { return held.first.first == user; };
    if (std::ranges::any_of(room_.held_since, is_held)) return false;
    return room_.present.erase(std::string(user)) > 0;
  }
  void leave_all(UnixMillis /*now*/) override {
    room_.present.clear();
    room_.held_since.clear();
  }

 private:
  Room& room_;
};

template <class Rule>
auto MemoryStore::in_room(const RoomId& room, Rule rule) {
  const auto it = rooms_.try_emplace(room).first;
  Rows rows(it->second);
  auto result = rule(rows);
  if (!it->second.meeting || it->second.meeting->ended_at) rooms_.erase(it);
  return result;
}

StoreResult<Started> MemoryStore::start(const SessionStart& start) {
  return in_room(start.room, [&](RoomRows& rows) { return start_session(rows, start); });
}

StoreResult<Ended> MemoryStore::end(const SessionEnd& end) {
  return in_room(end.room, [&](RoomRows& rows) { return end_session(rows, end); });
}

StoreResult<void> MemoryStore::withdraw(const SessionStart& start) {
  return in_room(start.room, [&](RoomRows& rows) {
    withdraw_session(rows, start);
    return StoreResult<void>();
  });
}

std::optional<RoomRows::Meeting> MemoryStore::meeting(const RoomId& room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? std::nullopt : it->second.meeting;
}

std::vector<std::string> MemoryStore::present(const RoomId& room) const {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) return {};
  return {it->second.present.begin(), it->second.present.end()};
}

}  // namespace parley
