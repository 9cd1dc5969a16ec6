#include "chat/session_manager.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

constexpr UnixMillis now{1'770'000'000'000};

/// Answers as it is told, and counts what it is asked.
struct FakeStore final : SessionStore {
  StoreResult<Started> start(const SessionStart& start) override {
    ++starts;
    if (broken) return tl::unexpected(StoreError{.message = "host db.internal is down"});
    return Started{false, {start.now.count - 60'000}, "bob"};
  }
  StoreResult<Ended> end(const SessionEnd&) override {
    ++ends;
    if (broken) return tl::unexpected(StoreError{.message = "host db.internal is down"});
    return Ended{Ending::host_ended, 2};
  }
  StoreResult<void> withdraw(const SessionStart&) override { return {}; }
  StoreResult<void> renew(const std::string&, UnixMillis) override { return {}; }

  bool broken = false;
  int starts = 0, ends = 0;
};

SessionStart start_of(std::string_view user) {
  return {.room = {"kitchen"}, .user_id = std::string(user), .instance = "i", .now = now};
}
SessionEnd end_of(std::string_view user) {
  return {.room = {"kitchen"}, .user_id = std::string(user), .instance = "i", .now = now};
}

TEST(SessionManager, says_what_the_store_knows_of_the_meeting) {
  FakeStore store;

  const auto started = SessionManager(&store).start(start_of("alice"));

  ASSERT_TRUE(started.has_value());
  EXPECT_FALSE(started->is_first);
  EXPECT_EQ(started->started_at.count, now.count - 60'000);
  EXPECT_EQ(started->creator_id, "bob");
}

TEST(SessionManager, refuses_the_reserved_user_without_asking_the_store) {
  FakeStore store;

  for (SessionStore* either :
       {static_cast<SessionStore*>(&store), static_cast<SessionStore*>(nullptr)}) {
    const auto refused = SessionManager(either).start(start_of(system_user_id));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().reason, "Cannot use reserved system user ID");
    EXPECT_FALSE(refused.error().cause.has_value());
    EXPECT_EQ(SessionManager(either).end(end_of(system_user_id))->ending, Ending::continues);
  }
  EXPECT_EQ(store.starts + store.ends, 0);
}

TEST(SessionManager, makes_everybody_first_and_creator_while_it_is_off) {
  const SessionManager off(nullptr);

  for (const char* user : {"alice", "bob"}) {
    const auto started = off.start(start_of(user));
    ASSERT_TRUE(started.has_value());
    EXPECT_TRUE(started->is_first);
    EXPECT_EQ(started->started_at, now);
    EXPECT_EQ(started->creator_id, user);
  }
}

TEST(SessionManager, ends_nothing_while_it_is_off) {
  const auto ended = SessionManager(nullptr).end(end_of("alice"));

  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->ending, Ending::continues);
  EXPECT_EQ(ended->remaining, 0u);
}

TEST(SessionManager, fails_closed_and_tells_the_client_nothing_of_the_store) {
  FakeStore store;
  store.broken = true;

  const auto refused = SessionManager(&store).start(start_of("alice"));

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, store_unavailable);
  ASSERT_TRUE(refused.error().cause.has_value());
  EXPECT_EQ(refused.error().cause->message, "host db.internal is down");
}

TEST(SessionManager, passes_on_how_a_meeting_ended_or_why_nobody_knows) {
  FakeStore store;

  EXPECT_EQ(SessionManager(&store).end(end_of("alice"))->ending, Ending::host_ended);
  store.broken = true;
  EXPECT_FALSE(SessionManager(&store).end(end_of("alice")).has_value());
}

}  // namespace
}  // namespace parley
