#include "actor/shard.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "actor/address.h"

namespace parley {
namespace {

/// A shard that runs on a thread of its own until the test is over.
struct RunningShard {
  RunningShard() : thread([this] { shard.run(); }) {}
  ~RunningShard() { stop(); }

  void stop() {
    shard.stop();
    if (thread.joinable()) thread.join();
  }
  /// Runs `work` on the shard and waits until it has.
  void on_shard(std::function<void()> work) {
    std::promise<void> done;
    shard.post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  Shard shard{0};
  std::thread thread;
};

struct TestFlushable final : Flushable {
  void flush(Now) override { on_flush(); }
  std::function<void()> on_flush = [] {};
};

struct TestTimed final : Timed {
  void on_deadline(Now now) override { on_time(now); }
  std::function<void(Now)> on_time = [](Now) {};
};

TEST(Shard, runs_what_is_posted_on_its_own_thread_and_in_order) {
  RunningShard running;
  std::vector<int> ran;
  std::thread::id ran_on;
  for (int i = 0; i < 100; ++i) running.shard.post([&ran, i] { ran.push_back(i); });

  running.on_shard([&] { ran_on = std::this_thread::get_id(); });

  EXPECT_EQ(ran_on, running.thread.get_id());
  ASSERT_EQ(ran.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(ran));
}

TEST(Shard, flushes_at_the_end_of_the_turn_after_everything_that_was_posted) {
  RunningShard running;
  std::string story;
  std::promise<void> flushed;
  TestFlushable session;
  session.on_flush = [&] {
    story += "flush ";
    flushed.set_value();
  };

  running.shard.post([&] {
    running.shard.flush_later(session);
    story += "first ";
    running.shard.post([&] { story += "next turn "; });
  });
  flushed.get_future().wait();
  running.on_shard([] {});

  EXPECT_EQ(story, "first flush next turn ");
}

TEST(Shard, what_a_flush_queues_is_flushed_in_the_same_turn) {
  RunningShard running;
  std::string story;
  std::promise<void> done;
  TestFlushable second;
  second.on_flush = [&] {
    story += "second ";
    done.set_value();
  };
  TestFlushable first;
  first.on_flush = [&] {
    story += "first ";
    running.shard.flush_later(second);
    running.shard.post([&] { story += "too late "; });
  };

  running.shard.post([&] { running.shard.flush_later(first); });
  done.get_future().wait();
  running.on_shard([] {});

  EXPECT_EQ(story, "first second too late ");
}

TEST(Shard, forgets_what_no_longer_wants_to_be_flushed) {
  RunningShard running;
  TestFlushable gone;
  gone.on_flush = [] { ADD_FAILURE() << "it is gone"; };
  TestFlushable kills;
  kills.on_flush = [&] { running.shard.forget(gone); };

  running.on_shard([&] {
    running.shard.flush_later(kills);
    running.shard.flush_later(gone);
  });
  running.on_shard([] {});
}

TEST(Shard, rings_alarms_in_order_of_their_times) {
  RunningShard running;
  std::string story;
  std::promise<void> done;
  TestTimed early, late;
  Shard::Alarm early_alarm(running.shard, early), late_alarm(running.shard, late);
  TimePoint rang_at{};
  TimePoint set_for{};
  early.on_time = [&](Now) { story += "early "; };
  late.on_time = [&](Now now) {
    story += "late ";
    rang_at = now.monotonic;
    done.set_value();
  };

  running.shard.post([&] {
    set_for = running.shard.now().monotonic + 20ms;
    late_alarm.set(set_for);
    early_alarm.set(running.shard.now().monotonic + 5ms);
  });
  done.get_future().wait();
  running.stop();

  EXPECT_EQ(story, "early late ");
  EXPECT_GE(rang_at, set_for);
}

TEST(Shard, an_alarm_can_be_moved_and_cancelled) {
  RunningShard running;
  std::string story;
  std::promise<void> done;
  TestTimed moved, cancelled, last;
  Shard::Alarm moved_alarm(running.shard, moved), cancelled_alarm(running.shard, cancelled),
      last_alarm(running.shard, last);
  moved.on_time = [&](Now) { story += "moved "; };
  cancelled.on_time = [&](Now) { story += "cancelled "; };
  last.on_time = [&](Now) {
    story += "last ";
    done.set_value();
  };

  running.shard.post([&] {
    const TimePoint now = running.shard.now().monotonic;
    last_alarm.set(now + 15ms);
    cancelled_alarm.set(now + 5ms);
    cancelled_alarm.cancel();
    moved_alarm.set(now + 1h);
    moved_alarm.set(now + 10ms);
  });
  done.get_future().wait();
  running.stop();

  EXPECT_EQ(story, "moved last ");
}

TEST(Shard, an_alarm_that_rings_may_set_itself_again) {
  RunningShard running;
  int rings = 0;
  std::promise<void> done;
  TestTimed timed;
  Shard::Alarm alarm(running.shard, timed);
  timed.on_time = [&](Now now) {
    if (++rings == 3)
      done.set_value();
    else
      alarm.set(now.monotonic + 1ms);
  };

  running.shard.post([&] { alarm.set(running.shard.now().monotonic); });
  done.get_future().wait();
  running.stop();

  EXPECT_EQ(rings, 3);
}

TEST(Shard, drives_what_changes_its_mind_about_its_deadline) {
  struct Driven {
    [[nodiscard]] TimePoint deadline() const { return when; }
    void on_deadline(Now) {
      when = never;
      done.set_value();
    }
    TimePoint when = never;
    std::promise<void> done;
  } driven;
  Shard shard(0);
  shard.drive(driven);
  std::thread thread([&] { shard.run(); });

  shard.post([&] { driven.when = shard.now().monotonic + 1h; });
  shard.post([&] { driven.when = shard.now().monotonic + 5ms; });
  driven.done.get_future().wait();
  shard.stop();
  thread.join();

  EXPECT_EQ(driven.when, never);
}

TEST(Shard, runs_what_was_posted_before_it_was_stopped) {
  Shard shard(0);
  int ran = 0;
  for (int i = 0; i < 10; ++i) shard.post([&] { ++ran; });
  shard.stop();

  shard.run();

  EXPECT_EQ(ran, 10);
}

TEST(Shard, keeps_what_ends_in_its_own_code_until_the_turn_is_over) {
  RunningShard running;
  auto object = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = object;

  running.on_shard([&] {
    running.shard.destroy_later(std::move(object));
    EXPECT_FALSE(watched.expired());
  });
  running.on_shard([] {});

  EXPECT_TRUE(watched.expired());
}

TEST(Shard, has_one_time_for_a_whole_turn) {
  RunningShard running;
  running.on_shard([&] {
    const TimePoint before = running.shard.now().monotonic;
    const TimePoint busy_until = monotonic_now() + 2ms;
    while (monotonic_now() < busy_until) {
    }
    EXPECT_EQ(running.shard.now().monotonic, before);
  });
}

TEST(Address, has_an_actor_handle_messages_on_its_shard_in_order) {
  struct Actor {
    void handle(int number, Now) { numbers.push_back(number); }
    void handle(const std::string& text, Now) { texts.push_back(text); }
    std::vector<int> numbers;
    std::vector<std::string> texts;
  } actor;
  Shard shard(0);
  const Address address(shard, actor);

  address.tell(1);
  address.tell(std::string("text"));
  address.tell(2);
  shard.stop();
  shard.run();

  EXPECT_EQ(actor.numbers, (std::vector{1, 2}));
  EXPECT_EQ(actor.texts, std::vector<std::string>{"text"});
}

}  // namespace
}  // namespace parley
