#include "actor/mailbox.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace parley {
namespace {

/// A mailbox that counts its wake-ups, and the names of the tasks it has run.
struct MailboxTest : testing::Test {
  int wakes = 0;
  Mailbox mailbox{[this] { ++wakes; }};
  std::vector<std::string> ran;

  Task named(std::string name) {
    return [this, name = std::move(name)] { ran.push_back(name); };
  }
};

using Names = std::vector<std::string>;

TEST_F(MailboxTest, runs_tasks_in_order_of_arrival_whatever_they_are) {
  mailbox.post(named("a"));
  EXPECT_TRUE(mailbox.offer(named("b"), 100, true));
  mailbox.post(named("c"));
  EXPECT_TRUE(mailbox.waiting());

  mailbox.run();

  EXPECT_EQ(ran, (Names{"a", "b", "c"}));
  EXPECT_FALSE(mailbox.waiting());
}

TEST_F(MailboxTest, wakes_its_owner_once_for_each_batch) {
  mailbox.post(named("a"));
  mailbox.post(named("b"));
  EXPECT_EQ(wakes, 1);
  mailbox.run();

  mailbox.post(named("c"));

  EXPECT_EQ(wakes, 2);
}

TEST_F(MailboxTest, takes_media_that_leaves_as_much_free_as_it_takes_and_control_always) {
  mailbox.set_media_bytes_max(4000);

  EXPECT_TRUE(mailbox.offer(named("a"), 2000, false));
  EXPECT_FALSE(mailbox.offer(named("b"), 1001, false));
  EXPECT_TRUE(mailbox.offer(named("c"), 1000, false));
  mailbox.post(named("d"));
  mailbox.run();

  EXPECT_EQ(ran, (Names{"a", "c", "d"}));
  EXPECT_TRUE(mailbox.offer(named("e"), 2000, false));
}

TEST_F(MailboxTest, lets_a_sender_with_nothing_waiting_in_past_a_flood) {
  mailbox.set_media_bytes_max(4000);
  EXPECT_TRUE(mailbox.offer(named("flood"), 10'000, true));

  EXPECT_FALSE(mailbox.offer(named("flood"), 60, false));
  EXPECT_FALSE(mailbox.offer(named("large"), Mailbox::always_bytes + 1, true));
  EXPECT_TRUE(mailbox.offer(named("small"), 1000, true));
}

TEST_F(MailboxTest, takes_anything_where_no_media_waits) {
  mailbox.set_media_bytes_max(100);
  mailbox.post(named("a"));

  EXPECT_TRUE(mailbox.offer(named("b"), 1'000'000, true));
}

TEST_F(MailboxTest, a_task_that_runs_the_mailbox_disturbs_nothing) {
  mailbox.post([this] {
    mailbox.post(named("later"));
    mailbox.run();
    ran.push_back("first");
  });
  mailbox.post(named("second"));

  mailbox.run();
  mailbox.run();

  EXPECT_EQ(ran, (Names{"first", "second", "later"}));
}

TEST_F(MailboxTest, what_a_task_posts_runs_the_next_time) {
  mailbox.post([this] { mailbox.post(named("later")); });

  mailbox.run();
  EXPECT_EQ(ran, Names{});
  EXPECT_EQ(wakes, 2);
  mailbox.run();

  EXPECT_EQ(ran, Names{"later"});
}

TEST_F(MailboxTest, running_an_empty_mailbox_does_nothing) {
  mailbox.run();

  EXPECT_EQ(wakes, 0);
}

TEST_F(MailboxTest, is_as_good_as_new_after_a_flood) {
  for (int i = 0; i < 20'000; ++i) mailbox.post([] {});
  mailbox.run();

  mailbox.post(named("a"));
  mailbox.run();

  EXPECT_EQ(ran, Names{"a"});
}

TEST(Mailbox, loses_nothing_of_many_threads_and_keeps_the_order_of_each) {
  constexpr int threads = 4;
  constexpr int each = 5000;
  std::atomic<int> wakes{0};
  Mailbox mailbox([&] { ++wakes; });
  std::vector<int> last(threads, -1);
  int in_order = 0;

  std::vector<std::thread> posters;
  for (int thread = 0; thread < threads; ++thread)
    posters.emplace_back([&, thread] {
      for (int i = 0; i < each; ++i)
        mailbox.post([&, thread, i] { in_order += std::exchange(last[thread], i) == i - 1; });
    });
  while (in_order < threads * each / 2) mailbox.run();
  for (auto& poster : posters) poster.join();
  mailbox.run();

  EXPECT_EQ(in_order, threads * each);
  EXPECT_GE(wakes, 1);
}

}  // namespace
}  // namespace parley
