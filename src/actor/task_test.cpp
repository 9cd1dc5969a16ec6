#include "actor/task.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <vector>

namespace parley {
namespace {

TEST(Task, runs_what_it_was_made_of) {
  int runs = 0;
  Task task = [&runs] { ++runs; };

  task();
  task();

  EXPECT_EQ(runs, 2);
}

TEST(Task, carries_what_can_only_be_moved) {
  int seen = 0;
  Task task = [&seen, value = std::make_unique<int>(7)] { seen = *value; };

  Task moved = std::move(task);
  moved();

  EXPECT_EQ(seen, 7);
}

TEST(Task, carries_callables_of_any_size) {
  std::array<int, 100> large{};
  large[99] = 9;
  int seen = 0;
  std::vector<Task> tasks;
  for (int i = 0; i < 20; ++i) tasks.emplace_back([large, &seen] { seen += large[99]; });

  for (Task& task : tasks) task();

  EXPECT_EQ(seen, 180);
}

TEST(Task, destroys_what_it_carries_exactly_once) {
  const auto small = std::make_shared<int>(1);
  const auto large = std::make_shared<int>(2);
  {
    std::vector<Task> tasks;
    tasks.emplace_back([small] {});
    tasks.emplace_back([large, filling = std::array<char, 200>{}] { (void)filling; });
    Task moved = std::move(tasks[0]);
    tasks[0] = std::move(moved);
    tasks[0] = std::move(tasks[1]);

    EXPECT_EQ(small.use_count(), 1);
    EXPECT_EQ(large.use_count(), 2);
  }

  EXPECT_EQ(large.use_count(), 1);
}

TEST(Task, an_empty_one_may_be_moved_and_forgotten) {
  Task empty;
  Task other = std::move(empty);

  other = Task();
}

}  // namespace
}  // namespace parley
