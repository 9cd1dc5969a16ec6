// What servers say to one another survives the bytes, and nothing else gets through.

#include "wire/fleet_message.h"

#include <gtest/gtest.h>

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
  round_trip(fleet::Alive{});
}

TEST(FleetMessage, what_cannot_be_is_refused) {
  const auto is_refused = [](FleetMessage message) {
    return !decode_fleet_message(encode(message)).has_value();
  };
  EXPECT_FALSE(decode_fleet_message({}).has_value());
  EXPECT_FALSE(decode_fleet_message(as_bytes("garbage")).has_value());
  EXPECT_TRUE(is_refused({{}, fleet::Left{}}));
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
