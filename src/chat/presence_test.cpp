#include "chat/presence.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

constexpr SessionId first{1};
constexpr SessionId second{2};
constexpr SessionId third{3};

TimePoint at(Duration since_start) { return TimePoint{} + 1h + since_start; }

/// A table, and what it has announced so far as text: "joined 1", "left 1", "silent 2".
struct Table {
  PresenceTable table;
  std::vector<Announcement> announcements;

  void join(SessionId session, std::string_view user, TimePoint now) {
    table.join(session, user, user, now);
  }
  void first_packet(SessionId session) { table.first_packet(session, announcements); }
  void gone(SessionId session, TimePoint now) { table.gone(session, now, announcements); }
  void resumed(SessionId session) { table.resumed(session, announcements); }
  void on_deadline(TimePoint now) { table.on_deadline(now, announcements); }
  Presence state(SessionId session) { return table.find(session)->state; }

  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const auto& announcement : announcements) {
      const char* const kinds[] = {"joined ", "left ", "silent "};
      texts.push_back(kinds[static_cast<int>(announcement.kind)] +
                      std::to_string(announcement.session.value));
    }
    announcements.clear();
    return texts;
  }
};

using Said = std::vector<std::string>;

TEST(Presence, a_session_that_joins_is_testing_and_not_announced) {
  Table room;

  room.join(first, "alice", at(0s));

  EXPECT_EQ(room.state(first), Presence::testing);
  EXPECT_EQ(room.said(), Said{});
}

TEST(Presence, the_first_packet_announces_the_session_once) {
  Table room;
  room.join(first, "alice", at(0s));

  room.first_packet(first);
  room.first_packet(first);

  EXPECT_EQ(room.state(first), Presence::active);
  EXPECT_EQ(room.said(), Said{"joined 1"});
}

TEST(Presence, a_session_lost_while_testing_leaves_without_a_word) {
  Table room;
  room.join(first, "alice", at(0s));

  room.gone(first, at(1s));

  EXPECT_TRUE(room.table.empty());
  EXPECT_EQ(room.table.deadline(), never);
  EXPECT_EQ(room.said(), Said{});
}

TEST(Presence, a_lost_session_leaves_after_two_seconds) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.said();

  room.gone(first, at(10s));

  EXPECT_EQ(room.state(first), Presence::departing);
  EXPECT_EQ(room.table.deadline(), at(12s));
  room.on_deadline(at(12s) - 1ns);
  EXPECT_EQ(room.said(), Said{});
  room.on_deadline(at(12s));
  EXPECT_EQ(room.said(), Said{"left 1"});
  EXPECT_TRUE(room.table.empty());
}

TEST(Presence, a_testing_session_of_the_same_user_suspends_the_departure) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.gone(first, at(1s));
  room.said();

  room.join(second, "alice", at(2s));

  room.on_deadline(at(5s));
  EXPECT_EQ(room.said(), Said{});
  EXPECT_EQ(room.table.deadline(), at(17s));
}

TEST(Presence, a_testing_session_of_another_user_suspends_nothing) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.gone(first, at(1s));
  room.said();

  room.join(second, "bob", at(2s));

  EXPECT_EQ(room.table.deadline(), at(3s));
}

TEST(Presence, a_session_testing_for_fifteen_seconds_no_longer_suspends) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.gone(first, at(1s));
  room.join(second, "alice", at(2s));
  room.said();

  room.on_deadline(at(17s));

  EXPECT_EQ(room.said(), Said{"left 1"});
}

TEST(Presence, a_successor_replaces_the_oldest_departure_in_silence) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.join(second, "alice", at(0s));
  room.first_packet(second);
  room.said();
  room.gone(second, at(5s));
  room.gone(first, at(6s));
  room.join(third, "alice", at(6s));

  room.first_packet(third);

  ASSERT_EQ(room.announcements.size(), 1u);
  EXPECT_EQ(room.announcements[0].since, at(5s));
  EXPECT_EQ(room.said(), Said{"silent 3"});
  EXPECT_EQ(room.table.find(second), nullptr);
  room.on_deadline(at(8s));
  EXPECT_EQ(room.said(), Said{"left 1"});
}

TEST(Presence, an_overdue_departure_is_announced_when_the_last_testing_session_goes) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.gone(first, at(1s));
  room.join(second, "alice", at(2s));
  room.join(third, "alice", at(2s));
  room.said();

  room.gone(second, at(6s));
  EXPECT_EQ(room.said(), Said{});
  room.gone(third, at(7s));

  EXPECT_EQ(room.said(), Said{"left 1"});
}

TEST(Presence, a_running_departure_goes_on_when_the_last_testing_session_goes_early) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.gone(first, at(1s));
  room.join(second, "alice", at(1s));
  room.said();

  room.gone(second, at(2s));

  EXPECT_EQ(room.said(), Said{});
  EXPECT_EQ(room.table.deadline(), at(3s));
}

TEST(Presence, a_departing_session_that_resumes_is_active_and_told_to_newcomers_only) {
  Table room;
  room.join(first, "alice", at(0s));
  room.first_packet(first);
  room.gone(first, at(1s));
  room.said();

  room.resumed(first);

  EXPECT_EQ(room.state(first), Presence::active);
  EXPECT_EQ(room.table.deadline(), never);
  ASSERT_EQ(room.announcements.size(), 1u);
  EXPECT_EQ(room.announcements[0].since, at(1s));
  EXPECT_EQ(room.said(), Said{"silent 1"});
}

}  // namespace
}  // namespace parley
