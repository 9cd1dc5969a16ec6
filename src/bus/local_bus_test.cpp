// Two shards on threads of their own, joined by a LocalBus: a room over both behaves like one.

#include "bus/local_bus.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actor/shard.h"
#include "chat/session_logic.h"
#include "chat/testing/packets.h"

namespace parley {
namespace {

/// What one client has read, for a test that waits on another thread.
class Diary {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    grown_.notify_all();
  }
  /// Waits until there are that many lines.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    grown_.wait(lock, [&] { return lines_.size() >= count; });
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable grown_;
  std::vector<std::string> lines_;
};

/// A client without a socket: takes everything at the end of each turn.
class Client final : public SessionTransport, public Flushable {
 public:
  Client(Shard& shard, ChatServer& server, const std::string& user, const SessionSettings& settings)
      : shard_(shard),
        logic_({{"room1"}, user, user, Role::participant}, server, shard.stats(), *this, settings) {
  }

  void start(std::optional<ResumeKey> key) { logic_.start(key, shard_.now()); }
  void stop() { logic_.stop(shard_.now()); }
  void send(const std::string& wrapper) { logic_.on_message(message_of(wrapper), shard_.now()); }

  void wake() override {
    if (!std::exchange(woken_, true)) shard_.flush_later(*this);
  }
  void end(EndReason, std::string_view text) override {
    logic_.stop(shard_.now());
    diary.add("end: " + std::string(text));
  }
  void resume_reading() override {}
  void flush(Now now) override {
    woken_ = false;
    while (auto entry = logic_.outbox().take(now.monotonic))
      diary.add(Reading(entry->packet).line());
    logic_.outbox().end_flush();
    logic_.on_flushed(true, false, now);
  }

  Diary diary;

 private:
  Shard& shard_;
  SessionLogic logic_;
  bool woken_ = false;
};

/// Two shards with their ChatServers, and clients on them.
struct LocalBusTest : testing::Test {
  explicit LocalBusTest(std::size_t mailbox_bytes = Mailbox::media_bytes_max_default) {
    for (ShardIndex i = 0; i < 2; ++i) {
      shards.push_back(std::make_unique<Shard>(i));
      servers.push_back(
          std::make_unique<ChatServer>(i, bus, shards[i]->stats(), [this] { return ++last_id; }));
      shards[i]->drive(*servers[i]);
      bus.connect(*shards[i], *servers[i]);
      shards[i]->mailbox().set_media_bytes_max(mailbox_bytes);
    }
    for (const auto& shard : shards) threads.emplace_back([&shard] { shard->run(); });
  }
  ~LocalBusTest() override {
    for (const auto& [shard, client] : clients) on(shard, [&] { client->stop(); });
    settle();
    for (const auto& shard : shards) shard->stop();
    for (auto& thread : threads) thread.join();
    clients.clear();
  }

  /// Runs `work` on a shard's thread, and waits.
  void on(ShardIndex shard, const std::function<void()>& work) {
    std::promise<void> done;
    shards[shard]->post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  /// Lets what one shard has told the other, and its answer, arrive.
  void settle() {
    for (int i = 0; i < 4; ++i) on(static_cast<ShardIndex>(i % 2), [] {});
  }
  Client& join(ShardIndex shard, const std::string& user, std::optional<ResumeKey> key = {}) {
    Client* client = nullptr;
    on(shard, [&] {
      auto made = std::make_unique<Client>(*shards[shard], *servers[shard], user, settings);
      client = made.get();
      client->start(key);
      clients.emplace_back(shard, std::move(made));
    });
    return *client;
  }

  SessionSettings settings;
  std::atomic<std::uint64_t> last_id{0};
  LocalBus bus{2};
  std::vector<std::unique_ptr<Shard>> shards;
  std::vector<std::unique_ptr<ChatServer>> servers;
  std::vector<std::thread> threads;
  std::vector<std::pair<ShardIndex, std::unique_ptr<Client>>> clients;
};

TEST_F(LocalBusTest, a_room_over_two_shards_hears_everybody_in_order) {
  constexpr int packets = 2000;
  Client& alice = join(0, "alice");
  alice.diary.wait_for(2);
  Client& bob = join(1, "bob");
  bob.diary.wait_for(2);
  const auto talk = [&](ShardIndex shard, Client& who, const std::string& name) {
    for (int i = 0; i < packets; ++i)
      on(shard, [&] { who.send(wrapper_of(PacketType::aes_key, "x", name + std::to_string(i))); });
  };

  std::thread alice_talks([&] { talk(0, alice, "alice"); });
  talk(1, bob, "bob");
  alice_talks.join();

  // The welcome, two JOINED, and the other's packets.
  const auto heard_by = [&](Client& who, const std::string& other) {
    int next = 0;
    for (const std::string& line : who.diary.wait_for(4 + packets)) {
      if (!line.starts_with("type 2 from " + other)) continue;
      EXPECT_EQ(line, "type 2 from " + other + std::to_string(next));
      ++next;
    }
    return next;
  };
  EXPECT_EQ(heard_by(alice, "bob"), packets);
  EXPECT_EQ(heard_by(bob, "alice"), packets);
}

TEST_F(LocalBusTest, a_session_moves_to_another_shard_without_a_word_to_the_others) {
  const ResumeKey key;
  Client& witness = join(0, "witness");
  witness.diary.wait_for(2);
  Client& old = join(0, "alice", key);
  on(0, [&] { old.send(wrapper_of(PacketType::aes_key, "x", "old")); });
  witness.diary.wait_for(4);
  Client& newcomer = join(1, "alice", key);
  newcomer.diary.wait_for(2);

  on(1, [&] { newcomer.send(wrapper_of(PacketType::aes_key, "x", "new")); });

  const auto told = witness.diary.wait_for(5);
  EXPECT_EQ(told[2], "joined 2 alice");
  EXPECT_EQ(told[3], "type 2 from old");
  EXPECT_EQ(told[4], "type 2 from new");
  EXPECT_EQ(old.diary.wait_for(4).back(), "end: resumed elsewhere");
}

struct SmallMailboxes : LocalBusTest {
  SmallMailboxes() : LocalBusTest(1) {}
};

using LocalBusSmallMailboxTest = SmallMailboxes;

TEST_F(LocalBusSmallMailboxTest, a_full_mailbox_refuses_packets_and_never_notes) {
  Client& alice = join(0, "alice");
  alice.diary.wait_for(2);
  Client& bob = join(1, "bob");
  bob.diary.wait_for(2);
  on(0, [&] { alice.send(wrapper_of(PacketType::health, "x")); });
  bob.diary.wait_for(3);
  alice.diary.wait_for(3);
  settle();
  std::promise<void> free;
  std::promise<void> busy;
  shards[1]->post([&] {
    busy.set_value();
    free.get_future().wait();
  });
  busy.get_future().wait();

  on(0, [&] {
    for (const char* name : {"one", "two", "three"})
      alice.send(wrapper_of(PacketType::aes_key, "x", name));
  });
  free.set_value();

  const auto heard = bob.diary.wait_for(4);
  EXPECT_EQ(heard[2], "joined 1 alice");
  EXPECT_EQ(heard[3], "type 2 from one");
  EXPECT_EQ(shards[0]->stats().drop(DropReason::mailbox_full).read(), 2u);
}

TEST(Transit, a_sender_that_pauses_is_told_to_go_on_exactly_once_whoever_is_faster) {
  constexpr int packets = 20'000;
  constexpr std::size_t bytes = Transit::bytes_max;
  Transit transit;
  std::atomic<int> on_the_way{0};
  std::atomic<int> told{0};
  std::thread receiver([&] {
    for (int i = 0; i < packets; ++i) {
      while (on_the_way == 0) std::this_thread::yield();
      --on_the_way;
      if (transit.arrive(bytes)) ++told;
    }
  });

  int paused = 0;
  for (int i = 0; i < packets; ++i) {
    transit.depart(bytes);
    ++on_the_way;
    if (transit.pause()) ++paused;
    while (told != paused) std::this_thread::yield();
  }
  receiver.join();

  EXPECT_EQ(told, paused);
  EXPECT_EQ(transit.bytes(), 0u);
}

}  // namespace
}  // namespace parley
