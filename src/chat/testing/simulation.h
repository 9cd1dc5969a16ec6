#pragma once
// For tests: hundreds of sessions over one to four simulated shards, in virtual time. Whatever the
// script does, the promises below must hold; what does not is in faults().
//
// Checked all the time (simulated_client.h): the server's first words come first; order per session
// and kind of media; nobody outside the room is heard; nobody hears himself; observers get no
// media; whoever keeps up misses nothing that was published once his welcome was known, and gets
// nothing twice; bytes within the bound; congestion notices reach their target only. Checked here:
// presence as a witness in the room sees it, rosters, resuming, deadlines, and that nothing is left
// when all have gone.

#include <algorithm>
#include <random>

#include "chat/testing/simulated_client.h"
#include "chat/testing/simulated_shard.h"

namespace parley::simulated {

/// Where a simulation's decisions come from: a seeded generator, or a fuzzer's bytes.
class Choices {
 public:
  /// A number below `limit`.
  virtual std::uint32_t below(std::uint32_t limit) = 0;
  [[nodiscard]] virtual bool exhausted() const { return false; }

 protected:
  ~Choices() = default;
};

struct Shape {
  ShardIndex shards = 1;
  std::uint32_t rooms = 3;  ///< every other one has a witness who stays to the end
  std::uint32_t steps = 2000;
  std::uint32_t open_max = 60;
  std::uint32_t seed = 1;  ///< of delays and ids
};

class Simulation final : public World {
 public:
  Simulation(const Shape& shape, Choices& choices)
      : shape_(shape), choices_(choices), random_(shape.seed) {
    settings_.outbox.bytes = 60'000;
    settings_.outbox.data_bytes = 8'000;
    for (ShardIndex i = 0; i < shape_.shards; ++i) {
      auto& shard =
          shards_.emplace_back(std::make_unique<SimulatedShard>(*this, i, shape_.shards, random_));
      shard->chat =
          std::make_unique<ChatServer>(i, *shard, shard->stats, [this] { return draw(); });
    }
    for (std::uint32_t room = 0; room < shape_.rooms; room += 2) {
      Client& witness = join("witness", room, Role::participant);
      run_for(1s);
      witness.send_media(MediaType::heartbeat, {}, 4);
      run_for(1s);
      witnesses_[room_name(room)].client = &witness;
    }
  }

  /// The whole story: the script, a pause in which everything must come to rest, and the end.
  void run() {
    for (std::uint32_t i = 0; i < shape_.steps && !choices_.exhausted() && ok(); ++i) step();
    come_to_rest();
    audit();
    end();
  }

  /// The promises that were broken; the first few are enough.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  [[nodiscard]] std::size_t sessions() const { return clients_.size(); }
  [[nodiscard]] std::uint64_t dropped() const { return total_of(&ShardStats::drops); }
  [[nodiscard]] std::uint64_t congestion_notices() const {
    std::uint64_t total = 0;
    for (const auto& shard : shards_) total += shard->stats.congestion_sent.read();
    return total;
  }
  [[nodiscard]] std::size_t resumed() const { return resumed_; }

 private:
  /// What a witness has been told about the others of its room.
  struct Witness {
    Client* client = nullptr;
    std::string meeting;
    std::set<SessionId> joined, left;
    std::map<std::string, int> present;  ///< by user
  };

  // The world of the clients.

  [[nodiscard]] Now now() const override { return both_at(now_); }
  void fault(const Client& client, const std::string& what) override {
    fault("client " + std::to_string(client.number) + " (" + client.identity().user_id + " in " +
          client.identity().room.value + ") " + what);
  }
  void wake(Client& client) override { woken_.push_back(&client); }
  [[nodiscard]] const Client& client(std::uint32_t number) const override {
    return *clients_[number];
  }

  void published(Client& sender, Channel channel, std::uint64_t first) override {
    for (const auto& receiver : clients_) {
      const bool knows = receiver->open() && receiver->knows_itself_in() &&
                         receiver.get() != &sender && receiver->wants(channel) &&
                         receiver->identity().room == sender.identity().room &&
                         (receiver->shard == sender.shard ||
                          shards_[sender.shard]->handled_from[home_of(receiver->identity().room)] >=
                              receiver->fences[sender.shard]);
      if (!knows) continue;
      auto& heard = receiver->heard[{sender.number, channel}];
      if (heard.expected_from == 0) heard.expected_from = first;
    }
  }

  void assigned(Client& client) override {
    // The home tells the other shards before it welcomes.
    auto& given = shards_[home_of(client.identity().room)]->given;
    for (const auto& shard : shards_) client.fences.push_back(given[shard->index]);
    const auto [place, is_new] = owners_.emplace(client.session, &client.persona);
    if (place->second != &client.persona) fault(client, "session given to a stranger");
    if (!is_new) ++resumed_;
    for (const auto& other : clients_)
      if (other->open() && other.get() != &client && &other->persona == &client.persona &&
          other->session && client.persona.secret && other->session != client.session &&
          !may_not_know(*other) && !may_not_know(client))
        fault(client, "resumes and got a new session");
  }

  void announced(Client& client, const Reading& reading) override {
    if (reading.event == 3) client.roster.push_back(reading.line());
    const auto found = witnesses_.find(client.identity().room.value);
    if (found == witnesses_.end()) return;
    Witness& witness = found->second;
    if (reading.event == 1) {
      if (witness.meeting.empty()) witness.meeting = reading.line();
      if (witness.meeting != reading.line()) fault(client, "heard of another meeting");
    }
    if (witness.client == &client) witness_event(witness, reading);
  }

  void witness_event(Witness& witness, const Reading& reading) {
    int& present = witness.present[reading.user];
    if (reading.event == 3) {
      ++present;
      if (witness.client->has_heard(reading.session))
        fault(*witness.client, "had heard before: " + reading.line());
      if (!witness.joined.insert(reading.session).second)
        fault(*witness.client, "saw twice: " + reading.line());
    }
    if (reading.event == 4) {
      --present;
      if (!witness.left.insert(reading.session).second)
        fault(*witness.client, "saw twice: " + reading.line());
      if (present < 0) fault(*witness.client, "saw leave who never came: " + reading.line());
    }
  }

  // Time.
  void run_for(Duration duration) {
    end_turn();
    const Duration until = now_ + duration;
    while (true) {
      TimePoint next = at(next_tick_);
      for (const auto& shard : shards_) next = std::min(next, shard->next());
      if (next > at(until)) break;
      now_ = std::max(now_, next - at(0s));
      for (const auto& shard : shards_) run(*shard);
      if (now_ >= next_tick_) tick();
      end_turn();
    }
    now_ = until;
  }

  /// One step of everything that is due on a shard.
  void run(SimulatedShard& shard) {
    if (auto parcel = shard.take_outgoing()) shards_[parcel->to]->receive(std::move(*parcel));
    shard.handle_one();
    if (shard.chat->deadline() > now().monotonic) return;
    shard.chat->on_deadline(now());
    if (shard.chat->deadline() <= now().monotonic) fault("a deadline stays");
  }

  /// Every 50 ms: sockets take more, sessions look at their deadlines, the living show it.
  void tick() {
    next_tick_ = now_ + 50ms;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      Client& client = *open_[i];
      if (!client.open()) continue;
      if (!client.silent) client.logic()->on_sign_of_life(now());
      if (client.speed != Speed::keeps_up) client.read_on(400);
      if (!client.open() || client.logic()->deadline() > now().monotonic) continue;
      client.logic()->on_deadline(now());
      if (client.open()) fault(client, "has outlived its deadline");
    }
  }

  void end_turn() {
    sent_this_turn_ = 0;
    for (std::size_t i = 0; i < woken_.size(); ++i) woken_[i]->flush();
    woken_.clear();
    std::erase_if(open_, [](Client* client) {
      client->bury();
      return !client->open();
    });
  }

  // The script.
  void step() {
    const std::uint32_t action = choices_.below(100);
    if (action < 7 && open_.size() < shape_.open_max) {
      join_somebody();
    } else if (action < 11 && !personas_.empty()) {
      resume_somebody();
    } else if (action == 11) {
      storm();
    } else if (action < 14) {
      leave_somebody();
    } else if (action < 16) {
      disturb_somebody();
    } else if (action < 80) {
      if (Client* client = any_open()) send_something(*client);
    } else if (action < 99) {
      run_for(Millis(choices_.below(50)));
    } else {
      run_for(Millis(choices_.below(6000)));
    }
    if (choices_.below(2) == 0) end_turn();
  }

  void join_somebody() {
    const auto role = choices_.below(8) == 0 ? Role::observer : Role::participant;
    join("user" + std::to_string(choices_.below(6)), choices_.below(shape_.rooms), role);
  }

  void resume_somebody() {
    Persona& persona = *personas_[choices_.below(static_cast<std::uint32_t>(personas_.size()))];
    if (!persona.secret) return;
    if (choices_.below(5) > 0) {
      connect(persona);
      return;
    }
    // A thief: the right secret, and another user, room or kind.
    Persona& thief = make_persona(persona.identity);
    thief.secret = persona.secret;
    const std::uint32_t what = choices_.below(3);
    if (what == 0) thief.identity.user_id += "x";
    if (what == 1) thief.identity.room.value += "x";
    const bool observes = persona.identity.role == Role::observer;
    if (what == 2) thief.identity.role = observes ? Role::participant : Role::observer;
    if (personas_with_same_identity(thief) == 1)
      connect(thief);
    else
      personas_.pop_back();  // no thief: the owner himself
  }

  /// A room that comes and goes within milliseconds, and sessions that resume over and over.
  void storm() {
    Persona& first = make_persona({{"storm"}, "user0", "user0", Role::participant});
    Persona& second = make_persona({{"storm"}, "user1", "user1", Role::participant});
    first.secret = secret_of(first);
    second.secret = secret_of(second);
    for (std::uint32_t i = choices_.below(30); i > 0; --i) {
      const std::uint32_t action = choices_.below(4);
      if (action == 0) connect(first);
      if (action == 1) connect(second);
      Client* last = open_.empty() ? nullptr : open_.back();
      if (action == 2 && last != nullptr && last->open() && last->identity().room.value == "storm")
        last->send_media(MediaType::audio, {}, 10);
      if (action == 3) run_for(Millis(choices_.below(8)));
    }
    for (Client* client : std::vector(open_))
      if (client->open() && client->identity().room.value == "storm") client->hang_up();
  }

  void leave_somebody() {
    Client* client = any_open();
    if (client == nullptr || is_witness(*client)) return;
    client->hang_up();
  }

  void disturb_somebody() {
    Client* client = any_open();
    if (client == nullptr || is_witness(*client)) return;
    const std::uint32_t how = choices_.below(4);
    if (how == 0) client->silent = true;
    if (how == 1) client->set_speed(Speed::slow);
    if (how == 2) client->set_speed(Speed::stalled);
    if (how == 3 && client->speed == Speed::stalled) client->set_speed(Speed::slow);
  }

  void send_something(Client& client) {
    if (client.logic()->deadline() <= now().monotonic || !client.may_send()) return;
    // A turn brings in less than an Outbox holds: who keeps up loses nothing.
    if (++sent_this_turn_ > 4) end_turn();
    const std::uint32_t kind = choices_.below(32);
    const std::size_t bytes = choices_.below(200);
    if (kind < 8) {
      client.send_media(MediaType::video, kind == 0 ? "key" : "delta", bytes * 10);
    } else if (kind < 10) {
      client.send_media(MediaType::screen, kind == 8 ? "key" : "delta", bytes * 10);
    } else if (kind < 17) {
      client.send_media(MediaType::audio, {}, bytes);
    } else if (kind < 19) {
      client.send_media(MediaType::heartbeat, {}, bytes);
    } else if (kind < 22) {
      client.send_probe();
    } else if (kind == 22) {
      const bool witnessed =
          witnesses_.contains(client.identity().room.value) && !is_witness(client);
      client.request_keyframe(witnessed && choices_.below(2) == 0 ? "witness" : "nobody");
    } else if (kind < 26) {
      client.send_other(kind == 23 ? PacketType::aes_key : PacketType::diagnostics, bytes);
    } else if (kind < 28) {
      client.send_forbidden(choices_.below(5));
    } else if (kind == 28 && client.logic()->wants_messages()) {
      // As much as a turn reads: what keeps up has taken what came before.
      end_turn();
      for (std::uint32_t i = choices_.below(300); i > 0 && client.open() && client.may_send(); --i)
        client.send_other(PacketType::rsa_pub_key, 60);
      end_turn();
    } else {
      client.send_media(MediaType::audio, {}, bytes);
      client.send_media(MediaType::video, "delta", bytes * 20);
    }
  }

  // Who is there.

  /// Its session may be over: it was sent away, the next has gone, and another of the user came.
  [[nodiscard]] bool may_not_know(const Client& client) const {
    return std::ranges::any_of(
        shards_, [&](const auto& shard) { return shard->carries_removal(client.shard); });
  }

  [[nodiscard]] ShardIndex home_of(const RoomId& room) const {
    return parley::home_of(room, shape_.shards);
  }

  static std::string room_name(std::uint32_t room) { return "room" + std::to_string(room); }

  Persona& make_persona(Identity identity) {
    auto& persona = personas_.emplace_back(std::make_unique<Persona>());
    persona->number = static_cast<std::uint32_t>(personas_.size());
    persona->identity = std::move(identity);
    return *persona;
  }

  static ResumeKey secret_of(const Persona& persona) {
    ResumeKey key;
    for (std::size_t i = 0; i < 4; ++i)
      key.sha256[i] = static_cast<std::uint8_t>(persona.number >> (8 * i));
    return key;
  }

  Client& join(const std::string& user, std::uint32_t room, Role role) {
    Persona& persona = make_persona({{room_name(room)}, user, user, role});
    if (user != "witness" && draw() % 4 != 0) persona.secret = secret_of(persona);
    return connect(persona);
  }

  Client& connect(Persona& persona) {
    const auto shard = static_cast<ShardIndex>(draw() % shape_.shards);
    const auto number = static_cast<std::uint32_t>(clients_.size());
    const bool resumes = std::exchange(persona.has_connected, true);
    // An earlier connection whose join is on its way may be overtaken, and then waits.
    for (Client* other : open_)
      if (&other->persona == &persona && !other->welcomed()) other->resumes = true;
    auto& client = clients_.emplace_back(std::make_unique<Client>(
        *this, number, persona, shard, *shards_[shard]->chat, shards_[shard]->stats, settings_));
    client->resumes = resumes;
    open_.push_back(client.get());
    client->start();
    return *client;
  }

  std::size_t personas_with_same_identity(const Persona& persona) const {
    return static_cast<std::size_t>(std::ranges::count_if(personas_, [&](const auto& other) {
      return other->secret == persona.secret && other->identity.room == persona.identity.room &&
             other->identity.user_id == persona.identity.user_id &&
             other->identity.role == persona.identity.role;
    }));
  }

  Client* any_open() {
    if (open_.empty()) return nullptr;
    Client* client = open_[choices_.below(static_cast<std::uint32_t>(open_.size()))];
    return client->open() ? client : nullptr;
  }

  [[nodiscard]] bool is_witness(const Client& client) const {
    const auto found = witnesses_.find(client.identity().room.value);
    return found != witnesses_.end() && &client.persona == &found->second.client->persona;
  }

  // The end.
  /// Long enough for every delay, departure and time-out that has begun.
  void come_to_rest() {
    for (Client* client : open_) client->silent = false;
    run_for(80s);
    for (const auto& shard : shards_)
      if (shard->next() != never) fault("a shard does not come to rest");
  }

  void audit() {
    for (const auto& receiver : clients_) {
      if (!receiver->open() || !receiver->kept_up) continue;
      if (!receiver->welcomed()) fault(*receiver, "was never welcomed");
      if (receiver->echoes_missing() > 0) fault(*receiver, "misses echoes");
      for (const auto& [from, heard] : receiver->heard) {
        const Client& sender = *clients_[from.first];
        if (heard.expected_from != 0 && heard.last != sender.published.at(from.second))
          fault(*receiver, "has heard number " + std::to_string(heard.last) + " of " +
                               std::to_string(sender.published.at(from.second)) + " of client " +
                               std::to_string(sender.number));
      }
    }
    std::size_t members = 0;
    for (const auto& shard : shards_) members += shard->chat->members();
    if (members != open_.size()) fault("members are not the sessions");
    audit_rosters();
  }

  void audit_rosters() {
    // Something of these was relayed; of those perhaps, before they resumed on another connection.
    std::set<SessionId> active;
    std::set<const Persona*> perhaps;
    for (const auto& client : clients_) {
      if (client->activated) active.insert(client->session);
      if (client->acted) perhaps.insert(&client->persona);
    }
    for (std::uint32_t room = 0; room < shape_.rooms; ++room) {
      std::set<std::string> expected;
      std::set<std::string> allowed;
      for (const Client* client : open_) {
        if (client->identity().room.value != room_name(room) || !client->is_participant()) continue;
        const SessionId id = client->logic()->id();
        const std::string line =
            "joined " + std::to_string(id.value & ~(1ull << 63)) + " " + client->identity().user_id;
        if (active.contains(id)) expected.insert(line);
        if (perhaps.contains(&client->persona)) allowed.insert(line);
      }
      Client& auditor = join("auditor", room, Role::participant);
      run_for(2s);
      const std::set<std::string> roster(auditor.roster.begin(), auditor.roster.end());
      if (!std::ranges::includes(roster, expected) || !std::ranges::includes(allowed, roster) ||
          roster.size() != auditor.roster.size())
        fault(auditor, "got a roster of " + std::to_string(auditor.roster.size()) + ", not " +
                           std::to_string(expected.size()));
    }
  }

  void end() {
    for (Client* client : std::vector(open_))
      if (!is_witness(*client)) client->hang_up();
    run_for(20s);
    for (const auto& [room, witness] : witnesses_)
      for (const auto& [user, present] : witness.present)
        if (present != (user == "witness" ? 1 : 0))
          fault("in " + room + " the witness still sees " + std::to_string(present) + " " + user);
    for (Client* client : std::vector(open_)) client->hang_up();
    run_for(20s);
    for (const auto& shard : shards_) {
      const ChatServer& chat = *shard->chat;
      if (chat.members() + chat.rooms() + chat.homes() + shard->stats.rooms.read() > 0)
        fault("something is left when all have gone");
      if (shard->next() != never) fault("work is left for nobody");
    }
  }

  [[nodiscard]] bool ok() const { return faults_.empty(); }
  void fault(std::string sentence) {
    if (faults_.size() < 10) faults_.push_back(std::move(sentence));
  }
  std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }
  [[nodiscard]] std::uint64_t total_of(
      std::array<Cell, drop_reason_count> ShardStats::* cells) const {
    std::uint64_t total = 0;
    for (const auto& shard : shards_)
      for (const Cell& cell : shard->stats.*cells) total += cell.read();
    return total;
  }

  const Shape shape_;
  Choices& choices_;
  std::mt19937 random_;
  SessionSettings settings_;
  std::vector<std::string> faults_;
  Duration now_{};
  Duration next_tick_ = 50ms;
  std::vector<std::unique_ptr<SimulatedShard>> shards_;
  std::vector<std::unique_ptr<Persona>> personas_;
  std::vector<std::unique_ptr<Client>> clients_;  ///< all there ever were
  std::vector<Client*> open_;
  std::vector<Client*> woken_;
  std::map<std::string, Witness> witnesses_;
  std::map<SessionId, const Persona*> owners_;
  std::size_t resumed_ = 0;
  int sent_this_turn_ = 0;
};

}  // namespace parley::simulated
