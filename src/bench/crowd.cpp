#include "bench/crowd.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "bench/interrupt.h"

namespace parley::bench {
namespace {

// As many handshakes as a listening socket's backlog takes without dropping one.
constexpr std::size_t joining_max = 64;
// Nobody greeted for so long: the relay does not keep up or is none.
constexpr auto greeting_timeout = 10s;
constexpr auto goodbye_time = 500ms;

constexpr std::uint64_t packet_type_meeting = 7;
constexpr std::uint64_t packet_type_session_assigned = 8;

}  // namespace

void Crowd::add(std::string user, std::string room, Transport transport) {
  const auto number = static_cast<std::uint32_t>(members_.size());
  members_.push_back(
      {std::move(user), std::move(room), make_client(transport, number, loop_, *this), false});
}

Result<void> Crowd::begin(std::size_t member) {
  Member& m = members_[member];
  return m.client->connect(target_, target_.path(member, m.user, m.room));
}

Result<void> Crowd::join_all(Progress& progress) {
  std::size_t begun = 0;
  std::size_t greeted_before = 0;
  TimePoint deadline = monotonic_now() + greeting_timeout;
  while (greeted_ < members_.size()) {
    for (; begun < members_.size() && begun - greeted_ < joining_max; ++begun)
      if (auto started = begin(begun); !started) return started;
    loop_.run_once(monotonic_now() + 50ms);
    const TimePoint now = monotonic_now();
    if (!refusal_.empty()) return fail(refusal_);
    if (interrupted()) return fail("interrupted");
    if (greeted_ != greeted_before) deadline = now + greeting_timeout;
    greeted_before = greeted_;
    if (now > deadline)
      return fail(fmt::format("only {} of {} participants were greeted by the relay", greeted_,
                              members_.size()));
    if (progress.is_due(now))
      progress.show(fmt::format("joining: {} of {}", greeted_, members_.size()));
  }
  return {};
}

void Crowd::keep_alive(TimePoint now) {
  for (Member& member : members_) member.client->keep_alive(now);
}

void Crowd::leave_all() {
  is_leaving_ = true;
  for (Member& member : members_)
    if (member.client->is_open()) {
      member.client->set_reading(true);
      member.client->close();
    }
  const TimePoint deadline = monotonic_now() + goodbye_time;
  const auto is_gone = [](const Member& member) {
    return member.client->state() == Client::State::ended;
  };
  while (monotonic_now() < deadline && !std::all_of(members_.begin(), members_.end(), is_gone))
    loop_.run_once(deadline);
}

void Crowd::on_message(Client& client, const Message& message) {
  const PacketHead packet = read_packet_head(message.head);
  if (packet.mark) {
    if (listener_ != nullptr) listener_->on_mark(client.number(), *packet.mark, message);
    return;
  }
  Member& member = members_[client.number()];
  if (member.is_greeted) return;
  // The oldest relays of this protocol greet with a MEETING packet alone.
  if (packet.packet_type != packet_type_session_assigned &&
      packet.packet_type != packet_type_meeting)
    return;
  member.is_greeted = true;
  ++greeted_;
}

void Crowd::on_end(Client& client) {
  if (is_leaving_) return;
  if (members_[client.number()].is_greeted)
    ++lost_[client.end_reason()];
  else if (refusal_.empty())
    refusal_ = client.end_reason();
}

std::string bench_user(std::size_t index) { return fmt::format("bench{:05}", index); }

std::string bench_room(std::uint32_t run, std::size_t index) {
  return fmt::format("bench-{:08x}-{}", run, index);
}

std::uint32_t new_run() { return std::random_device{}(); }

}  // namespace parley::bench
