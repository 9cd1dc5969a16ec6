#include "base/bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace parley {
namespace {

TEST(Bytes, text_and_bytes_are_two_views_of_the_same_memory) {
  const std::string text = "h\xc3\xa9llo";

  const Bytes bytes = as_bytes(text);

  EXPECT_EQ(bytes.size(), 6u);
  EXPECT_EQ(bytes[1], 0xc3);
  EXPECT_EQ(as_text(bytes).data(), text.data());
  EXPECT_EQ(as_text(bytes), text);
}

TEST(Buffer, a_default_buffer_is_empty) {
  const Buffer buffer;

  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.size(), 0u);
  EXPECT_TRUE(buffer.bytes().empty());
}

TEST(Buffer, a_copy_of_nothing_is_empty) {
  const Buffer buffer = Buffer::copy_of({});

  EXPECT_TRUE(buffer.empty());
  EXPECT_TRUE(buffer.bytes().empty());
}

TEST(Buffer, keeps_its_own_copy_of_the_bytes) {
  std::string text = "before";

  const Buffer buffer = Buffer::copy_of(as_bytes(text));
  text = "after!";

  EXPECT_EQ(as_text(buffer.bytes()), "before");
}

TEST(Buffer, copies_share_the_bytes) {
  const Buffer first = Buffer::copy_of(as_bytes("shared"));

  const Buffer second = first;

  EXPECT_EQ(second.bytes().data(), first.bytes().data());
  EXPECT_EQ(second.size(), 6u);
}

TEST(Buffer, the_last_owner_keeps_the_bytes_alive) {
  Buffer last;
  {
    const Buffer first = Buffer::copy_of(as_bytes("alive"));
    last = first;
  }

  EXPECT_EQ(as_text(last.bytes()), "alive");
}

TEST(Buffer, a_moved_from_buffer_is_empty) {
  Buffer from = Buffer::copy_of(as_bytes("moved"));

  const Buffer to = std::move(from);

  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): the point of it
  EXPECT_EQ(as_text(to.bytes()), "moved");
}

TEST(Buffer, assignment_lets_the_old_bytes_go_and_survives_itself) {
  Buffer buffer = Buffer::copy_of(as_bytes("old"));
  const Buffer& itself = buffer;

  buffer = Buffer::copy_of(as_bytes("new"));
  buffer = itself;

  EXPECT_EQ(as_text(buffer.bytes()), "new");
}

TEST(Buffer, may_be_copied_and_dropped_by_many_threads_at_once) {
  const Buffer shared = Buffer::copy_of(as_bytes("many readers"));

  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([mine = shared] {
        for (int round = 0; round < 10'000; ++round) {
          const Buffer copy = mine;
          EXPECT_EQ(copy.size(), 12u);
        }
      });
    }
  }

  EXPECT_EQ(as_text(shared.bytes()), "many readers");
}

TEST(BufferBuilder, appends_in_order_and_counts_what_is_left) {
  BufferBuilder builder(8);

  builder.append(as_bytes("abc"));
  builder.append({});
  builder.append(as_bytes("de"));

  EXPECT_EQ(builder.size(), 5u);
  EXPECT_EQ(builder.room(), 3u);
  EXPECT_EQ(as_text(builder.written()), "abcde");
}

TEST(BufferBuilder, extended_bytes_are_for_the_caller_to_fill) {
  BufferBuilder builder(4);

  std::ranges::fill(builder.extend(4), std::uint8_t{'x'});

  EXPECT_EQ(builder.room(), 0u);
  EXPECT_EQ(as_text(builder.finish().bytes()), "xxxx");
}

TEST(BufferBuilder, what_is_written_may_still_change_before_it_is_finished) {
  BufferBuilder builder(3);
  builder.append(as_bytes("abc"));

  for (std::uint8_t& byte : builder.written()) byte ^= 0x20;

  EXPECT_EQ(as_text(builder.finish().bytes()), "ABC");
}

TEST(BufferBuilder, finishing_hands_over_the_bytes_and_leaves_the_builder_empty) {
  BufferBuilder builder(10);
  builder.append(as_bytes("done"));
  const std::uint8_t* written = builder.written().data();

  const Buffer buffer = builder.finish();

  EXPECT_EQ(buffer.bytes().data(), written);
  EXPECT_EQ(as_text(buffer.bytes()), "done");
  EXPECT_EQ(builder.size(), 0u);
  EXPECT_EQ(builder.room(), 0u);
}

TEST(BufferBuilder, moving_takes_the_bytes_and_the_room_along) {
  BufferBuilder from(6);
  from.append(as_bytes("abc"));

  BufferBuilder to = std::move(from);

  EXPECT_EQ(as_text(to.written()), "abc");
  EXPECT_EQ(to.room(), 3u);
  EXPECT_EQ(from.room(), 0u);  // NOLINT(bugprone-use-after-move): the point of it
}

TEST(BufferBuilder, an_empty_builder_has_room_for_nothing) {
  BufferBuilder builder;

  EXPECT_EQ(builder.room(), 0u);
  EXPECT_TRUE(builder.extend(0).empty());
  EXPECT_TRUE(builder.finish().empty());
}

TEST(BufferBuilderDeathTest, filling_it_beyond_its_capacity_ends_the_process) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  BufferBuilder builder(2);

  EXPECT_DEATH(builder.append(as_bytes("abc")), "beyond its capacity");
}

}  // namespace
}  // namespace parley
