// What servers say to one another survives the bytes, and nothing else gets through.

#include "wire/fleet_message.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley {
namespace {

constexpr InstanceId self{7};

template <class What>
What round_trip(What what) {
  const auto message = decode_fleet_message(encode({self, std::move(what)}));
  EXPECT_TRUE(message.has_value());
  EXPECT_EQ(message->from, self);
  return std::get<What>(message->what);
}

FleetSession alice() {
  ResumeKey key;
  key.sha256[31] = 9;
  return {{1ull << 63 | 5}, "alice", "Alice Ä.", FleetState::departing, 1500ms, key, true};
}

TEST(FleetMessage, a_roster_survives) {
  fleet::Roster roster{
      true, FleetMeeting{{1'770'000'000'000}, "alice", {3}}, {alice()}, {{1}, {2}}};
  roster.wanted = {{9}, {8}};

  const fleet::Roster read = round_trip(roster);

  EXPECT_TRUE(read.is_question);
  EXPECT_EQ(read.meeting->start.count, 1'770'000'000'000u);
  EXPECT_EQ(read.meeting->creator_id, "alice");
  EXPECT_EQ(read.meeting->claimant, InstanceId{3});
  EXPECT_EQ(read.others, (std::vector<InstanceId>{{1}, {2}}));
  ASSERT_EQ(read.sessions.size(), 1u);
  EXPECT_EQ(read.sessions[0].session, alice().session);
  EXPECT_EQ(read.sessions[0].user_id, "alice");
  EXPECT_EQ(read.sessions[0].display_name, "Alice Ä.");
  EXPECT_EQ(read.sessions[0].state, FleetState::departing);
  EXPECT_EQ(read.sessions[0].departing_for, 1500ms);
  EXPECT_EQ(read.sessions[0].resume, alice().resume);
  EXPECT_TRUE(read.sessions[0].is_unannounced);
  EXPECT_EQ(read.wanted, roster.wanted);
}

/// A session whose names are as long as they may be.
FleetSession longest(std::uint64_t id) {
  FleetSession session = alice();
  session.session = {id};
  session.user_id.assign(id_bytes_max, 'u');
  session.display_name.assign(id_bytes_max, 'd');
  return session;
}

TEST(FleetMessage, a_roster_that_fits_stays_whole_and_in_its_order) {
  fleet::Roster roster{true, FleetMeeting{{1}, "alice", {3}}, {longest(9), longest(2)}, {{1}}};

  const auto parts = in_parts(roster);

  ASSERT_EQ(parts.size(), 1u);
  EXPECT_TRUE(parts[0].is_question && parts[0].is_last_part());
  EXPECT_EQ(parts[0].others.size(), 1u);
  EXPECT_EQ(parts[0].sessions[0].session, SessionId{9});
  EXPECT_TRUE(parts[0].covers({1}) && parts[0].covers(fleet::Roster::last_session));
  EXPECT_EQ(in_parts({}).size(), 1u);
}

TEST(FleetMessage, the_parts_of_a_large_roster_are_small_and_cover_each_session_once) {
  fleet::Roster roster{true, FleetMeeting{{1}, std::string(id_bytes_max, 'c'), {3}}, {}, {}};
  for (std::uint64_t i = 2000; i > 0; --i)
    roster.sessions.push_back(longest(i * 7919 % 2003 << 50));
  for (std::uint64_t i = 5000; i > 0; --i) roster.wanted.push_back({i});
  roster.others.assign(fleet_servers_max, self);
  const fleet::Roster whole = roster;

  const auto parts = in_parts(std::move(roster));

  std::size_t sessions = 0, wanted = 0, questions = 0;
  for (const fleet::Roster& part : parts) {
    const auto bytes = encode({self, part});
    EXPECT_LE(bytes.size(), fleet_message_bytes_max);
    EXPECT_TRUE(decode_fleet_message(bytes).has_value());
    EXPECT_EQ(part.meeting->start.count, 1u);
    for (const FleetSession& session : part.sessions) EXPECT_TRUE(part.covers(session.session));
    for (const SessionId session : part.wanted) EXPECT_TRUE(part.covers(session));
    sessions += part.sessions.size();
    wanted += part.wanted.size();
    questions += part.is_question ? 1 : 0;
  }
  EXPECT_EQ(sessions, 2000u);
  EXPECT_EQ(wanted, 5000u);
  EXPECT_EQ(questions, 1u);
  EXPECT_TRUE(parts.back().is_question && parts.back().is_last_part());
  EXPECT_EQ(parts.back().others.size(), fleet_servers_max);
  for (const FleetSession& session : whole.sessions)
    EXPECT_EQ(std::ranges::count_if(parts,
                                    [&](const auto& part) { return part.covers(session.session); }),
              1);
}

TEST(FleetMessage, parts_are_small_also_with_names_as_short_as_they_may_be) {
  fleet::Roster roster;
  for (std::uint64_t i = 1; i <= 2000; ++i) {
    roster.sessions.push_back(alice());
    roster.sessions.back().session = {i};
    roster.sessions.back().user_id = "u";
    roster.sessions.back().display_name.clear();
    roster.sessions.back().departing_for = 60s;
  }

  for (const fleet::Roster& part : in_parts(std::move(roster)))
    EXPECT_LE(encode({self, part}).size(), roster_sessions_bytes_max + 100);
}

TEST(FleetMessage, a_part_survives_whether_it_is_the_first_or_the_last) {
  const SessionId middle = alice().session;

  const fleet::Roster first = round_trip(fleet::Roster{false, {}, {alice()}, {}, {}, middle});
  const fleet::Roster last = round_trip(fleet::Roster{false, {}, {}, {}, middle});

  EXPECT_TRUE(first.covers({1}) && first.covers(middle) && !first.is_last_part());
  EXPECT_FALSE(first.covers({middle.value + 1}));
  EXPECT_TRUE(!last.covers(middle) && last.covers({middle.value + 1}) && last.is_last_part());
}

TEST(FleetMessage, a_server_that_knows_no_parts_understands_a_whole_roster_and_ignores_a_part) {
  constexpr std::size_t from_bytes = 9;
  constexpr std::uint8_t roster_tag = 2 << 3 | 2;
  const auto whole = encode({self, fleet::Roster{}});
  const auto part = encode({self, fleet::Roster{false, {}, {}, {}, {1}}});

  EXPECT_EQ(whole.at(from_bytes), roster_tag);
  EXPECT_EQ(whole.at(from_bytes + 1), 0u);  // nothing is said of a range
  EXPECT_NE(part.at(from_bytes), roster_tag);
  // Its own rosters are whole.
  EXPECT_TRUE(std::get<fleet::Roster>(decode_fleet_message(whole)->what).is_whole());
}

TEST(FleetMessage, everything_else_survives) {
  EXPECT_EQ(round_trip(fleet::Changed{alice()}).session.user_id, "alice");
  EXPECT_EQ(round_trip(fleet::Removed{{4}}).session, SessionId{4});
  round_trip(fleet::Left{});
  EXPECT_EQ(round_trip(fleet::Claims{{4}, {5}, {6}}).asked, InstanceId{6});
  EXPECT_EQ(round_trip(fleet::Succeeded{{4}, {5}}).successor, SessionId{5});
  EXPECT_EQ(round_trip(fleet::Denied{{4}, {5}}).departed, SessionId{4});
  EXPECT_EQ(round_trip(fleet::Wanted{{4}}).session, SessionId{4});
  EXPECT_EQ(round_trip(fleet::Given{{4}, {5}, FleetState::testing}).state, FleetState::testing);
  EXPECT_EQ(round_trip(fleet::Congestion{{4}, {1, 2}}).packet.size(), 2u);
  EXPECT_FALSE(round_trip(fleet::Alive{}).is_question);
  EXPECT_TRUE(round_trip(fleet::Alive{true}).is_question);
}

TEST(FleetMessage, a_server_that_knows_no_questions_of_who_lives_hears_that_the_speaker_does) {
  constexpr std::size_t from_bytes = 9;
  constexpr std::uint8_t alive_tag = 10 << 3;
  const auto asks = encode({self, fleet::Alive{true}});

  EXPECT_EQ(asks.at(from_bytes), alive_tag);
  EXPECT_EQ(asks.at(from_bytes + 1), 1u);
}

TEST(FleetMessage, what_cannot_be_is_refused) {
  const auto is_refused = [](FleetMessage message) {
    return !decode_fleet_message(encode(message)).has_value();
  };
  EXPECT_FALSE(decode_fleet_message({}).has_value());
  EXPECT_FALSE(decode_fleet_message(as_bytes("garbage")).has_value());
  EXPECT_TRUE(is_refused({{}, fleet::Left{}}));
  EXPECT_TRUE(is_refused({self, fleet::Roster{false, {}, {alice()}, {}, alice().session}}));
  EXPECT_TRUE(is_refused({self, fleet::Roster{false, {}, {alice()}, {}, {}, {1}}}));
  EXPECT_TRUE(is_refused({self, fleet::Roster{false, {}, {}, {}, {}, {1}, {{2}}}}));
  EXPECT_TRUE(is_refused({self, fleet::Roster{false, {}, {}, {}, {}, {1}, {{0}}}}));
  EXPECT_TRUE(is_refused({self, fleet::Congestion{{4}, std::vector<std::uint8_t>(32 * 1024)}}));
  const std::vector<InstanceId> crowd(fleet_servers_max + 1, self);
  EXPECT_TRUE(is_refused({self, fleet::Roster{false, {}, {}, crowd}}));
  EXPECT_TRUE(is_refused({self, fleet::Given{{4}, {5}, FleetState::departing}}));
  for (auto spoil : std::vector<void (*)(FleetSession&)>{
           [](FleetSession& session) { session.session = {}; },
           [](FleetSession& session) { session.user_id.clear(); },
           [](FleetSession& session) { session.user_id.assign(256, 'x'); },
           [](FleetSession& session) { session.display_name.assign(256, 'x'); },
           [](FleetSession& session) { session.state = static_cast<FleetState>(9); }}) {
    FleetSession session = alice();
    spoil(session);
    EXPECT_TRUE(is_refused({self, fleet::Changed{session}}));
    EXPECT_TRUE(is_refused({self, fleet::Roster{false, {}, {alice(), session}, {}}}));
  }
}

TEST(FleetMessage, the_earlier_claim_counts_and_of_two_the_smaller_servers) {
  const FleetMeeting meeting{{100}, "alice", {2}};
  EXPECT_TRUE((FleetMeeting{{99}, "bob", {3}}).is_before(meeting));
  EXPECT_TRUE((FleetMeeting{{100}, "bob", {1}}).is_before(meeting));
  EXPECT_FALSE((FleetMeeting{{100}, "bob", {3}}).is_before(meeting));
  EXPECT_FALSE(meeting.is_before(meeting));
}

}  // namespace
}  // namespace parley
