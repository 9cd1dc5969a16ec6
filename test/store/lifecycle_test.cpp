// The life of a meeting in its record, over every store.

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "chat/session_manager.h"
#include "store/record.h"

namespace parley {
namespace {

using Names = std::vector<std::string>;

struct RecordKind {
  const char* name;
  std::unique_ptr<TestRecord> (*make)();
};
void PrintTo(const RecordKind& kind, std::ostream* out) { *out << kind.name; }

constexpr RecordKind in_memory{"memory", memory_record};
constexpr RecordKind in_sqlite{"sqlite", sqlite_record};
constexpr RecordKind in_postgres{"postgres", postgres_record};

struct Lifecycle : testing::TestWithParam<RecordKind> {
  Started start(const std::string& user, std::uint64_t second, bool is_host = false,
                const std::string& room = "kitchen") {
    const auto started = store->start({{room}, user, instance, is_host, at_second(second)});
    EXPECT_TRUE(started.has_value()) << started.error().message;
    return started.value_or(Started{});
  }
  Started start_host(const std::string& user, std::uint64_t second) {
    return start(user, second, true);
  }
  Ended end(const std::string& user, std::uint64_t second, const std::string& room = "kitchen") {
    return end_in(instance, user, second, true, room);
  }
  Ended end_in(const std::string& process, const std::string& user, std::uint64_t second,
               bool everywhere, const std::string& room = "kitchen") {
    const auto ended = store->end({{room}, user, process, everywhere, at_second(second)});
    EXPECT_TRUE(ended.has_value()) << ended.error().message;
    return ended.value_or(Ended{});
  }
  void renew(const std::string& process) {
    const auto renewed = store->renew(process, at_second(renewals));
    EXPECT_TRUE(renewed.has_value()) << renewed.error().message;
  }
  /// The server is killed, and starts again under another name.
  void restart() {
    store = record->connect();
    instance = "server-" + std::to_string(++renewals);
    renew(instance);
  }
  WrittenMeeting written(const std::string& room = "kitchen") { return record->written(room); }

  std::unique_ptr<TestRecord> record = GetParam().make();
  std::shared_ptr<SessionStore> store = record->connect();
  std::string instance = "server-0";
  std::uint64_t renewals = 0;
};

void expect(const Ended& ended, Ending ending, std::uint64_t remaining) {
  EXPECT_EQ(ended.ending, ending);
  EXPECT_EQ(ended.remaining, remaining);
}

TEST_P(Lifecycle, first_user_creates_the_meeting) {
  const Started alice = start("alice", 1);

  EXPECT_TRUE(alice.is_first);
  EXPECT_EQ(alice.started_at, at_second(1));
  EXPECT_EQ(alice.creator_id, "alice");
  EXPECT_EQ(written().started_at, at_second(1).count);
  EXPECT_EQ(written().creator_id, "alice");
  EXPECT_TRUE(written().is_running());
  EXPECT_EQ(written().present, Names{"alice"});
}

TEST_P(Lifecycle, others_join_the_same_meeting) {
  const Started users[] = {start("alice", 1), start("bob", 2), start("carol", 3)};

  EXPECT_TRUE(users[0].is_first);
  EXPECT_FALSE(users[1].is_first);
  EXPECT_FALSE(users[2].is_first);
  for (const Started& user : users) {
    EXPECT_EQ(user.started_at, at_second(1));
    EXPECT_EQ(user.creator_id, "alice");
  }
  EXPECT_EQ(written().present, (Names{"alice", "bob", "carol"}));
}

TEST_P(Lifecycle, everyone_leaving_ends_the_meeting) {
  for (const char* user : {"alice", "bob", "carol"}) start(user, 1);

  expect(end("bob", 10), Ending::continues, 2);
  expect(end("carol", 11), Ending::continues, 1);
  EXPECT_TRUE(written().is_running());
  expect(end("alice", 12), Ending::last_left, 0);

  EXPECT_FALSE(written().is_running());
  EXPECT_TRUE(written().present.empty());
  EXPECT_EQ(written().ended_at.value_or(at_second(12).count), at_second(12).count);
}

TEST_P(Lifecycle, creator_leaving_ends_it_for_all) {
  for (const char* user : {"alice", "bob", "carol"}) start(user, 1);

  expect(end("alice", 10), Ending::host_ended, 2);

  EXPECT_FALSE(written().is_running());
  EXPECT_TRUE(written().present.empty());
  expect(end("bob", 11), Ending::continues, 0);
  EXPECT_EQ(written().ended_at.value_or(at_second(10).count), at_second(10).count);
}

TEST_P(Lifecycle, creator_leaving_last_is_the_last_and_no_host) {
  start("alice", 1);

  expect(end("alice", 2), Ending::last_left, 0);
}

TEST_P(Lifecycle, rooms_do_not_touch_one_another) {
  start("alice", 1, false, "kitchen");
  start("bob", 1, false, "kitchen");
  start("alice", 2, false, "cellar");
  start("carol", 2, false, "cellar");

  expect(end("alice", 10, "kitchen"), Ending::host_ended, 1);

  EXPECT_TRUE(written("cellar").is_running());
  EXPECT_EQ(written("cellar").present, (Names{"alice", "carol"}));
  EXPECT_EQ(written("cellar").started_at, at_second(2).count);
}

TEST_P(Lifecycle, sole_participant_who_comes_back_is_first_again_in_the_same_meeting) {
  start("alice", 1);

  const Started again = start("alice", 5);

  EXPECT_TRUE(again.is_first);
  EXPECT_EQ(again.started_at, at_second(1));
  EXPECT_EQ(written().present, Names{"alice"});
}

TEST_P(Lifecycle, meeting_that_ended_begins_anew) {
  start("alice", 1);
  end("alice", 2);

  const Started bob = start("bob", 10);

  EXPECT_TRUE(bob.is_first);
  EXPECT_EQ(bob.started_at, at_second(10));
  EXPECT_EQ(bob.creator_id, "bob");
  EXPECT_TRUE(written().is_running());
  expect(end("bob", 20), Ending::last_left, 0);
}

TEST_P(Lifecycle, meeting_that_a_host_ended_begins_anew_for_whoever_stayed_and_comes_again) {
  start("alice", 1);
  start("bob", 2);
  end("alice", 3);

  const Started bob = start("bob", 10);

  EXPECT_TRUE(bob.is_first);
  EXPECT_EQ(bob.creator_id, "bob");
}

TEST_P(Lifecycle, participant_of_before_who_goes_late_does_not_touch_the_new_meeting) {
  start("alice", 1);
  start("bob", 2);
  end("alice", 3);
  start("carol", 10);

  expect(end("bob", 11), Ending::continues, 1);

  EXPECT_TRUE(written().is_running());
  EXPECT_EQ(written().creator_id, "carol");
}

TEST_P(Lifecycle, nobody_who_never_came_ends_anything) {
  expect(end("alice", 1), Ending::continues, 0);
  start("bob", 2);
  expect(end("alice", 3), Ending::continues, 1);

  EXPECT_TRUE(written().is_running());
}

TEST_P(Lifecycle, end_may_be_said_again) {
  start("alice", 1);
  start("bob", 1);

  expect(end("bob", 2), Ending::continues, 1);
  expect(end("bob", 3), Ending::continues, 1);
  EXPECT_TRUE(written().is_running());
}

TEST_P(Lifecycle, host_by_token_ends_it_and_the_creator_does_not) {
  start("alice", 1);
  start_host("harriet", 2);
  start("bob", 3);

  expect(end("alice", 10), Ending::continues, 2);
  expect(end("harriet", 11), Ending::host_ended, 1);
  EXPECT_FALSE(written().is_running());
}

TEST_P(Lifecycle, one_of_two_hosts_may_leave) {
  start_host("harriet", 1);
  start_host("hugo", 2);
  start("bob", 3);

  expect(end("harriet", 10), Ending::continues, 2);
  EXPECT_TRUE(written().is_running());
  expect(end("hugo", 11), Ending::host_ended, 1);
}

TEST_P(Lifecycle, host_who_left_and_comes_back_without_a_token_is_the_host) {
  start_host("harriet", 1);
  start_host("hugo", 1);
  start("bob", 1);
  end("harriet", 2);

  start("harriet", 3);

  expect(end("hugo", 4), Ending::continues, 2);
  expect(end("harriet", 5), Ending::host_ended, 1);
}

TEST_P(Lifecycle, user_becomes_host_with_a_second_session) {
  start("alice", 1);
  start("harriet", 2);

  start_host("harriet", 3);

  expect(end("alice", 4), Ending::continues, 1);
  start("bob", 5);
  expect(end("harriet", 6), Ending::host_ended, 1);
}

TEST_P(Lifecycle, hosts_of_the_last_meeting_are_not_those_of_the_next) {
  start_host("harriet", 1);
  end("harriet", 2);
  start("alice", 3);
  start("harriet", 4);

  expect(end("harriet", 5), Ending::continues, 1);
  start("bob", 6);
  expect(end("alice", 7), Ending::host_ended, 1);
}

TEST_P(Lifecycle, session_in_another_process_keeps_its_user_in_while_nobody_knows_better) {
  start("alice", 1);
  start("bob", 1);
  const auto second_tab = store->start({{"kitchen"}, "alice", "server-9", false, at_second(2)});
  ASSERT_TRUE(second_tab.has_value());

  expect(end_in("server-0", "alice", 3, false), Ending::continues, 2);
  EXPECT_EQ(written().present, (Names{"alice", "bob"}));
  expect(end_in("server-9", "alice", 4, false), Ending::host_ended, 1);
}

TEST_P(Lifecycle, ended_everywhere_is_ended_whoever_held_him) {
  start("alice", 1);
  start("bob", 1);
  ASSERT_TRUE(store->start({{"kitchen"}, "alice", "server-9", false, at_second(2)}).has_value());

  expect(end("alice", 3), Ending::host_ended, 1);
}

TEST_P(Lifecycle, clock_set_back_ends_no_meeting_before_it_began) {
  start("alice", 7200);
  start("bob", 7200);

  end("bob", 3600);
  expect(end("alice", 3600), Ending::last_left, 0);

  EXPECT_FALSE(written().is_running());
  EXPECT_EQ(written().ended_at.value_or(at_second(7200).count), at_second(7200).count);
  EXPECT_EQ(start("alice", 3601).started_at, at_second(3601));
}

TEST_P(Lifecycle, refused_user_leaves_no_trace) {
  const auto refused =
      SessionManager(store.get())
          .start({{"kitchen"}, std::string(system_user_id), "i", false, at_second(1)});

  EXPECT_FALSE(refused.has_value());
  start("alice", 2);
  EXPECT_EQ(written().present, Names{"alice"});
}

TEST_P(Lifecycle, start_that_was_in_doubt_is_taken_back_and_may_be_tried_again) {
  start("bob", 1);
  start("alice", 2);

  ASSERT_TRUE(store->withdraw({{"kitchen"}, "alice", instance, false, at_second(2)}).has_value());
  EXPECT_EQ(written().present, Names{"bob"});
  ASSERT_TRUE(store->withdraw({{"kitchen"}, "carol", instance, false, at_second(2)}).has_value());
  EXPECT_FALSE(start("alice", 3).is_first);
  ASSERT_TRUE(store->withdraw({{"kitchen"}, "bob", instance, false, at_second(1)}).has_value());
  ASSERT_TRUE(store->withdraw({{"kitchen"}, "alice", instance, false, at_second(3)}).has_value());
  EXPECT_FALSE(written().is_running());
}

TEST_P(Lifecycle, taking_back_a_second_start_keeps_the_user_of_the_first) {
  start("alice", 1);
  start("alice", 2);

  ASSERT_TRUE(store->withdraw({{"kitchen"}, "alice", instance, false, at_second(2)}).has_value());

  EXPECT_EQ(written().present, Names{"alice"});
}

TEST_P(Lifecycle, takes_every_name_a_token_may_hold) {
  const std::string users[] = {"o'brien; DROP TABLE meetings", "Zoë 🦊", "a\\b%_$1?",
                               std::string(255, 'x')};
  for (const std::string& user : users) start(user, 1);

  EXPECT_EQ(written().present.size(), 4u);
  for (const std::string& user : users) end(user, 2);
  EXPECT_TRUE(written().present.empty());
}

INSTANTIATE_TEST_SUITE_P(Store, Lifecycle, testing::Values(in_memory, in_sqlite, in_postgres),
                         [](const auto& test) { return test.param.name; });

/// What outlives a process.
using Restart = Lifecycle;

TEST_P(Restart, running_meeting_is_not_forgotten) {
  renew(instance);
  start("alice", 1);
  start("bob", 2);

  restart();
  const Started bob = start("bob", 20);

  EXPECT_EQ(bob.started_at, at_second(1));
  EXPECT_EQ(bob.creator_id, "alice");
  EXPECT_FALSE(bob.is_first);  // alice may still come back
}

TEST_P(Restart, hosts_are_not_forgotten) {
  renew(instance);
  start_host("harriet", 1);
  start("alice", 1);
  start("bob", 1);

  restart();
  for (const char* user : {"harriet", "alice", "bob"}) start(user, 10);

  expect(end("alice", 11), Ending::continues, 2);
  expect(end("harriet", 12), Ending::host_ended, 1);
}

TEST_P(Restart, those_of_a_dead_process_count_until_they_are_lost) {
  renew(instance);
  start("alice", 1);
  start("bob", 1);
  restart();
  record->age_instance(instance, 60s);  // it has long settled
  start("bob", 2);
  record->age_instance("server-0", lost_instance_grace - 10s);
  renew(instance);
  EXPECT_EQ(written().present, (Names{"alice", "bob"}));

  record->age_instance("server-0", 20s);
  record->age_instance(instance, 6s);
  renew(instance);

  EXPECT_EQ(written().present, Names{"bob"});
  EXPECT_TRUE(written().is_running());
  expect(end("bob", 10), Ending::last_left, 0);
}

TEST_P(Restart, meeting_of_nobody_but_the_lost_ends_when_they_were_seen_last) {
  renew(instance);
  start("alice", 1);
  restart();
  record->age_instance("server-0", lost_instance_grace + 60s);
  record->age_instance(instance, 6s);

  renew(instance);

  EXPECT_FALSE(written().is_running());
  EXPECT_TRUE(written().present.empty());
  EXPECT_GE(written().ended_at.value_or(0), written().started_at.value_or(1));
  EXPECT_EQ(start("carol", 500).started_at, at_second(500));
}

TEST_P(Restart, process_that_has_just_come_clears_up_after_nobody) {
  renew(instance);
  start("alice", 1);
  record->age_instance(instance, lost_instance_grace + 60s);

  restart();

  EXPECT_EQ(written().present, Names{"alice"});
}

TEST_P(Restart, living_processes_lose_nobody) {
  renew(instance);
  start("alice", 1);
  restart();
  start("bob", 1);
  record->age_instance("server-0", 15s);
  record->age_instance(instance, 15s);
  record->age_participants(48h);

  renew(instance);

  EXPECT_EQ(written().present, (Names{"alice", "bob"}));
}

TEST_P(Restart, two_hosts_who_race_create_one_meeting) {
  for (int round = 0; round < 10; ++round) {
    const std::string room = "race-" + std::to_string(round);
    const std::string users[] = {"harriet", "hugo"};
    Started started[2];
    std::latch both(2);
    const auto race = [&](int i) {
      const auto own = record->connect();
      (void)own->renew("server-" + std::to_string(i), at_second(1));
      both.arrive_and_wait();
      const auto result = own->start(
          {{room}, users[i], "server-" + std::to_string(i), true, at_second(i == 0 ? 10 : 11)});
      ASSERT_TRUE(result.has_value()) << result.error().message;
      started[i] = *result;
    };
    std::thread other(race, 1);
    race(0);
    other.join();

    EXPECT_NE(started[0].is_first, started[1].is_first);
    EXPECT_EQ(started[0].started_at, started[1].started_at);
    EXPECT_EQ(started[0].creator_id, started[1].creator_id);
    EXPECT_EQ(written(room).creator_id, started[0].creator_id);
    EXPECT_EQ(written(room).present.size(), 2u);
  }
}

INSTANTIATE_TEST_SUITE_P(Store, Restart, testing::Values(in_sqlite, in_postgres),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace parley
