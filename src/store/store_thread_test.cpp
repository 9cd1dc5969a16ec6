#include "store/store_thread.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <vector>

namespace parley {
namespace {

using Kind = StoreError::Kind;

/// Writes down what it is asked, and does or refuses it as the test says. Its thread stops at each
/// question while the gate is closed.
class FakeStore final : public SessionStore {
 public:
  struct Script {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> asked;
    std::optional<Kind> failure;
    bool is_open = true;
    int inside = 0;

    void close() { set(false); }
    void open() { set(true); }
    void fail_with(std::optional<Kind> kind) {
      const std::lock_guard lock(mutex);
      failure = kind;
    }
    /// Waits until the thread stands at the gate.
    void wait_inside() {
      std::unique_lock lock(mutex);
      changed.wait(lock, [this] { return inside > 0; });
    }
    void forget() {
      const std::lock_guard lock(mutex);
      asked.clear();
    }
    std::vector<std::string> all() {
      const std::lock_guard lock(mutex);
      return asked;
    }

   private:
    void set(bool open) {
      const std::lock_guard lock(mutex);
      is_open = open;
      changed.notify_all();
    }
  };

  explicit FakeStore(Script& script) : script_(script) {}

  StoreResult<Started> start(const SessionStart& start) override {
    return answer("start " + start.user_id, Started{true, start.now, start.user_id});
  }
  StoreResult<Ended> end(const SessionEnd& end) override {
    return answer("end " + end.user_id, Ended{Ending::last_left, 0});
  }
  StoreResult<void> withdraw(const SessionStart& start) override {
    return answer("withdraw " + start.user_id, true).map([](bool) {});
  }
  StoreResult<void> renew(const std::string&, UnixMillis) override {
    return answer("", true).map([](bool) {});
  }

 private:
  template <class T>
  StoreResult<T> answer(const std::string& question, T value) {
    std::unique_lock lock(script_.mutex);
    ++script_.inside;
    script_.changed.notify_all();
    script_.changed.wait(lock, [this] { return script_.is_open; });
    --script_.inside;
    if (!question.empty()) script_.asked.push_back(question);
    script_.changed.notify_all();
    if (script_.failure) return tl::unexpected(StoreError{*script_.failure, "broken by the test"});
    return value;
  }

  Script& script_;
};

/// What a start or an end was answered.
template <class T>
struct Answer {
  std::promise<T> promise;
  std::future<T> future = promise.get_future();

  std::function<void(T)> reply() {
    return [this](T value) { promise.set_value(std::move(value)); };
  }
};
using StartAnswer = Answer<Result<Started, SessionRefusal>>;
using EndAnswer = Answer<StoreResult<Ended>>;

struct StoreThreadTest : testing::Test {
  StoreThreadTest() {
    rules.retry_first = 1ms;
    rules.retry_last = 4ms;
  }
  void begin() {
    thread = std::make_unique<StoreThread>(std::make_unique<FakeStore>(script), rules, counts);
  }
  void start(const std::string& user, StartAnswer& answer) {
    thread->start({.room = {"kitchen"}, .user_id = user, .instance = "i", .now = {5}},
                  answer.reply());
  }
  void end(const std::string& user, EndAnswer& answer) {
    thread->end({.room = {"kitchen"}, .user_id = user, .instance = "i", .now = {6}},
                answer.reply());
  }
  /// And waits until it has found its store.
  void begin_up() {
    begin();
    EndAnswer first;
    end("first", first);
    EXPECT_TRUE(first.future.get().has_value());
    script.forget();
  }
  void bring_down() {
    script.fail_with(Kind::unavailable);
    StartAnswer notices;
    start("notices", notices);
    EXPECT_FALSE(notices.future.get().has_value());
  }

  FakeStore::Script script;
  StoreThreadRules rules{.name = "fake:", .instance = "i"};
  StoreThreadCounts counts;
  std::unique_ptr<StoreThread> thread;
};

TEST_F(StoreThreadTest, answers_in_the_order_of_the_questions) {
  begin();
  StartAnswer alice, bob;
  EndAnswer alice_ends;

  start("alice", alice);
  end("alice", alice_ends);
  start("bob", bob);

  EXPECT_EQ(bob.future.get()->creator_id, "bob");
  EXPECT_TRUE(alice.future.get().has_value());
  EXPECT_EQ(alice_ends.future.get()->ending, Ending::last_left);
  EXPECT_EQ(script.all(), (std::vector<std::string>{"start alice", "end alice", "start bob"}));
}

TEST_F(StoreThreadTest, refuses_whoever_comes_when_too_many_wait) {
  script.close();
  begin();
  script.wait_inside();
  std::vector<StartAnswer> waiting(rules.starts_waiting_max);
  for (StartAnswer& answer : waiting) start("early", answer);
  StartAnswer late;

  start("late", late);

  const auto refused = late.future.get();  // at once, while the store does nothing
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, store_unavailable);
  EXPECT_EQ(thread->stats().refused_full.read(), 1u);
  EXPECT_EQ(thread->stats().waiting.read(), 256u);
  script.open();
  for (StartAnswer& answer : waiting) EXPECT_TRUE(answer.future.get().has_value());
}

TEST_F(StoreThreadTest, shares_its_bound_with_the_other_threads_of_the_store) {
  rules.starts_waiting_max = 1;
  script.close();
  begin();
  script.wait_inside();
  StoreThread other(std::make_unique<FakeStore>(script), rules, counts);
  StartAnswer alice, bob;

  start("alice", alice);
  other.start({.room = {"cellar"}, .user_id = "bob", .instance = "i", .now = {5}}, bob.reply());

  EXPECT_FALSE(bob.future.get().has_value());
  script.open();
  EXPECT_TRUE(alice.future.get().has_value());
}

TEST_F(StoreThreadTest, keeps_no_more_ends_than_it_may) {
  rules.ends_waiting_max = 1;
  script.close();
  begin();
  script.wait_inside();
  EndAnswer kept, lost;

  end("alice", kept);
  end("bob", lost);

  EXPECT_FALSE(lost.future.get().has_value());
  EXPECT_EQ(thread->stats().ends_lost.read(), 1u);
  script.open();
  EXPECT_TRUE(kept.future.get().has_value());
}

TEST_F(StoreThreadTest, refuses_all_who_wait_when_the_store_fails_and_keeps_the_ends) {
  script.close();
  begin();
  script.wait_inside();
  StartAnswer alice, bob;
  EndAnswer carol;
  start("alice", alice);
  end("carol", carol);
  start("bob", bob);

  script.fail_with(Kind::unavailable);
  script.open();

  EXPECT_FALSE(alice.future.get().has_value());
  EXPECT_FALSE(bob.future.get().has_value());
  EXPECT_EQ(thread->stats().is_up.read(), 0u);
  script.fail_with(std::nullopt);
  EXPECT_TRUE(carol.future.get().has_value());
  EXPECT_EQ(script.all(), std::vector<std::string>{"end carol"});
  EXPECT_EQ(thread->stats().is_up.read(), 1u);
  EXPECT_EQ(thread->stats().refused_down.read(), 2u);
}

TEST_F(StoreThreadTest, refuses_at_once_while_the_store_is_down) {
  begin_up();
  bring_down();
  const std::size_t asked = script.all().size();
  StartAnswer alice;

  start("alice", alice);

  EXPECT_FALSE(alice.future.get().has_value());
  EXPECT_EQ(script.all().size(), asked);
}

TEST_F(StoreThreadTest, lets_in_again_once_the_store_answers) {
  begin_up();
  bring_down();
  EndAnswer bob;
  end("bob", bob);
  script.fail_with(std::nullopt);
  ASSERT_TRUE(bob.future.get().has_value());  // so it is up

  StartAnswer alice;
  start("alice", alice);

  EXPECT_TRUE(alice.future.get().has_value());
}

TEST_F(StoreThreadTest, takes_back_a_start_that_was_in_doubt_before_it_does_anything_else) {
  begin_up();
  script.fail_with(Kind::in_doubt);
  StartAnswer alice;
  EndAnswer bob;
  start("alice", alice);
  EXPECT_FALSE(alice.future.get().has_value());
  end("bob", bob);
  script.fail_with(std::nullopt);

  EXPECT_TRUE(bob.future.get().has_value());
  EXPECT_EQ(script.all(), (std::vector<std::string>{"start alice", "withdraw alice", "end bob"}));
}

TEST_F(StoreThreadTest, request_that_a_working_store_refuses_does_not_bring_it_down) {
  begin_up();
  script.fail_with(Kind::refused);
  StartAnswer alice;
  EndAnswer bob;

  start("alice", alice);
  end("bob", bob);

  EXPECT_FALSE(alice.future.get().has_value());
  EXPECT_FALSE(bob.future.get().has_value());
  EXPECT_EQ(thread->stats().is_up.read(), 1u);
  EXPECT_EQ(thread->stats().ends_lost.read(), 1u);
}

TEST_F(StoreThreadTest, refuses_who_has_waited_too_long) {
  rules.start_wait_max = 0ms;
  script.close();
  begin();
  script.wait_inside();
  StartAnswer alice;
  start("alice", alice);

  script.open();

  EXPECT_FALSE(alice.future.get().has_value());
  EXPECT_TRUE(script.all().empty());
}

TEST_F(StoreThreadTest, records_the_ends_that_wait_when_it_stops_and_refuses_the_starts) {
  begin_up();
  script.close();
  EndAnswer first, last;
  StartAnswer alice;
  end("first", first);
  script.wait_inside();
  start("alice", alice);
  end("last", last);

  thread->stop();
  script.open();
  thread.reset();

  EXPECT_TRUE(first.future.get().has_value());
  EXPECT_TRUE(last.future.get().has_value());
  EXPECT_FALSE(alice.future.get().has_value());
}

TEST_F(StoreThreadTest, loses_the_ends_when_it_stops_without_a_store) {
  begin_up();
  bring_down();
  EndAnswer bob;
  end("bob", bob);

  thread.reset();

  EXPECT_FALSE(bob.future.get().has_value());
}

TEST_F(StoreThreadTest, says_again_and_again_that_its_instance_lives) {
  rules.renewal = 1ms;
  begin();
  for (int i = 0; i < 3; ++i) {
    script.close();
    script.wait_inside();  // nobody has asked: it renews
    script.open();
    StartAnswer alice;
    start("alice", alice);
    EXPECT_TRUE(alice.future.get().has_value());
  }
}

}  // namespace
}  // namespace parley
