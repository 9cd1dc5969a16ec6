#include "chat/ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <vector>

namespace parley {
namespace {

/// Takes everything out, front first.
template <class T>
std::vector<T> drained(Ring<T>& ring) {
  std::vector<T> values;
  while (!ring.empty()) values.push_back(ring.pop_front());
  return values;
}

using Values = std::vector<int>;

TEST(Ring, gives_back_what_came_first) {
  Ring<int> ring;
  for (int i = 0; i < 10; ++i) ring.push_back(i);

  EXPECT_EQ(ring.size(), 10u);
  EXPECT_EQ(ring.front(), 0);
  EXPECT_EQ(drained(ring), (Values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST(Ring, what_is_pushed_to_the_front_comes_first) {
  Ring<int> ring;
  ring.push_back(2);
  ring.push_front(1);
  ring.push_front(0);

  EXPECT_EQ(drained(ring), (Values{0, 1, 2}));
}

TEST(Ring, filter_sees_the_oldest_first_and_keeps_the_order_of_the_rest) {
  Ring<int> ring;
  for (int i = 0; i < 6; ++i) ring.push_back(i);
  ring.pop_front();
  ring.push_back(6);
  Values seen;

  ring.filter([&](int value) {
    seen.push_back(value);
    return value % 2 == 0;
  });

  EXPECT_EQ(seen, (Values{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(drained(ring), (Values{2, 4, 6}));
}

TEST(Ring, keeps_nothing_alive_that_has_left) {
  Ring<std::shared_ptr<int>> ring;
  const auto popped = std::make_shared<int>(1);
  const auto filtered = std::make_shared<int>(2);
  ring.push_back(popped);
  ring.push_back(filtered);
  ring.push_back(std::make_shared<int>(3));

  ring.pop_front();
  ring.filter([&](const auto& value) { return value != filtered; });

  EXPECT_EQ(popped.use_count(), 1);
  EXPECT_EQ(filtered.use_count(), 1);
  EXPECT_EQ(ring.size(), 1u);
}

TEST(Ring, is_as_good_as_new_after_a_flood) {
  Ring<int> ring;
  for (int i = 0; i < 100000; ++i) ring.push_back(i);
  ring.filter([](int) { return false; });

  ring.push_front(2);
  ring.push_front(1);
  ring.push_back(3);

  EXPECT_EQ(drained(ring), (Values{1, 2, 3}));
}

TEST(Ring, does_what_a_deque_does) {
  std::mt19937 random(7);
  Ring<int> ring;
  std::deque<int> model;

  for (int round = 0; round < 50000; ++round) {
    const auto choice = random() % (round / 5000 % 2 == 0 ? 10 : 5);  // grows, then shrinks
    if (choice == 0) {
      const int odd = static_cast<int>(random() % 7);
      ring.filter([odd](int value) { return value % 7 != odd; });
      std::erase_if(model, [odd](int value) { return value % 7 == odd; });
    } else if (choice == 1) {
      ring.push_front(round);
      model.push_front(round);
    } else if (choice <= 3 && !model.empty()) {
      ASSERT_EQ(ring.pop_front(), model.front());
      model.pop_front();
    } else {
      ring.push_back(round);
      model.push_back(round);
    }
    ASSERT_EQ(ring.size(), model.size());
    if (!model.empty()) {
      ASSERT_EQ(ring.front(), model.front());
    }
  }
  EXPECT_EQ(drained(ring), Values(model.begin(), model.end()));
}

}  // namespace
}  // namespace parley
