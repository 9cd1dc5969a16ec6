// Whoever reaches NATS says what he likes on the subjects of a room. What is understood of it means
// the same when it is said again; and whatever comes, in whatever order, members of ours who live
// are in their room, and when all have gone nothing is left.
//
// Input: a FleetMessage, or anything else; and the same bytes as a script for two servers and their
// clients: what happens and to whom, a byte each, and behind what comes over NATS its length (two
// bytes, the lower first) and its bytes.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/check.h"
#include "chat/testing/fleet_world.h"

namespace parley {
namespace {

void say_again(Bytes bytes) {
  const auto message = decode_fleet_message(bytes);
  if (!message) return;
  const auto said = encode(*message);
  const auto again = decode_fleet_message(said);
  check(again.has_value(), "what was understood is not when it is said again");
  check(encode(*again) == said, "it means something else when it is said again");
}

class Script {
 public:
  explicit Script(Bytes bytes) : rest_(bytes) {}

  void run() {
    while (!rest_.empty()) step();
    fleet_.deliver();
    expect_members_are_listed();
    expect_nothing_is_left();
  }

 private:
  static constexpr std::size_t servers = 2, clients_max = 8;
  static constexpr auto room = "room1";

  std::uint8_t next() {
    if (rest_.empty()) return 0;
    const std::uint8_t byte = rest_[0];
    rest_ = rest_.subspan(1);
    return byte;
  }
  Bytes next_bytes() {
    std::size_t size = next();
    size = std::min(size | std::size_t{next()} << 8, rest_.size());
    const Bytes bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

  void step() {
    const std::uint8_t what = next();
    const std::uint8_t which = next();
    switch (what % 10) {
      case 0:
        join(which);
        break;
      case 1:
        if (TestClient* const client = living(which)) client->leave(), std::erase(clients_, client);
        break;
      case 2:
        if (TestClient* const client = living(which)) client->send(media_wrapper(MediaType::audio));
        break;
      case 3:
        fleet_.pass_only(which * 20ms);
        break;
      case 4:
        fall_silent({which});
        break;
      case 5:
        fleet_.ask_anew(which % servers);
        break;
      case 6:
        say(next_bytes());
        break;
      case 7:
      case 8:
        fleet_.broker.publish_raw(room, std::string(as_text(next_bytes())), what % 10 == 7);
        break;
      default:
        fleet_.deliver_one(which % servers, which / servers % 2);
    }
    if (what < 128) fleet_.deliver();
    fleet_.read_all();
  }

  void join(std::uint8_t which) {
    if (clients_.size() >= clients_max) return;
    const auto user = static_cast<std::uint8_t>(which / 4 % 3);
    std::optional<std::uint8_t> secret;
    if (which / 2 % 2 != 0) secret = user;
    const Role role = which < 192 ? Role::participant : Role::observer;
    clients_.push_back(
        &fleet_[which % servers].join(std::string("user") + char('0' + user), 0, secret, role));
  }
  TestClient* living(std::uint8_t which) {
    std::erase_if(clients_,
                  [](const TestClient* client) { return client->end_reason.has_value(); });
    return clients_.empty() ? nullptr : clients_[which % clients_.size()];
  }

  void say(Bytes bytes) {
    auto message = decode_fleet_message(bytes);
    if (!message) return;
    strangers_.insert(message->from);
    fleet_.broker.say_raw(room, std::move(*message));
  }
  void fall_silent(InstanceId server) {
    for (std::size_t i = 0; i < servers; ++i)
      if (server != fleet_.port(i).self())
        fleet_[i].servers[0]->on_server_silent(server, fleet_[i].now);
  }

  void expect_members_are_listed() {
    for (std::size_t i = 0; i < servers; ++i) {
      TestClient& newest = fleet_.join("newest", i);
      fleet_.pass(RoomHome::question_time);
      clients_.push_back(&newest);
      const Lines welcome = newest.read();
      check(!welcome.empty() && welcome[0].starts_with("assigned "), "nobody lets a newcomer in");
      for (const TestClient* client : clients_) {
        const bool is_here = &client->stats == &fleet_[i].stats[0] && !client->end_reason &&
                             client->logic.standing() == Standing::active &&
                             client->logic.identity().role == Role::participant;
        if (!is_here) continue;
        const std::string joined = "joined " +
                                   std::to_string(client->logic.id().value & ~(1ull << 63)) + " " +
                                   client->logic.identity().user_id;
        check(std::ranges::find(welcome, joined) != welcome.end(), "a member is not listed");
      }
    }
  }
  void expect_nothing_is_left() {
    for (TestClient* const client : clients_)
      if (!client->end_reason) client->leave();
    fleet_.deliver();
    for (const InstanceId stranger : strangers_) fall_silent(stranger);
    for (int i = 0; i < 6; ++i) fleet_.pass(10s);
    for (std::size_t i = 0; i < servers; ++i) {
      check(fleet_[i].servers[0]->homes() == 0, "a room outlives its members");
      check(fleet_.port(i).rooms.empty(), "a server hears a room that it has forgotten");
    }
  }

  FleetWorld fleet_{servers};
  std::vector<TestClient*> clients_;
  std::set<InstanceId> strangers_;
  Bytes rest_;
};

}  // namespace
}  // namespace parley

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parley::say_again({data, size});
  parley::Script({data, size}).run();
  return 0;
}
