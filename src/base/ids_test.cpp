#include "base/ids.h"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <unordered_set>

namespace parley {
namespace {

TEST(PlainId, letters_digits_underscore_and_hyphen_are_plain) {
  EXPECT_TRUE(is_plain_id("a"));
  EXPECT_TRUE(is_plain_id("Team_Blue-42"));
  EXPECT_TRUE(is_plain_id("azAZ09_-"));
}

TEST(PlainId, an_empty_name_is_not) { EXPECT_FALSE(is_plain_id("")); }

TEST(PlainId, it_may_have_255_bytes_and_no_more) {
  EXPECT_TRUE(is_plain_id(std::string(255, 'x')));
  EXPECT_FALSE(is_plain_id(std::string(256, 'x')));
}

TEST(PlainId, what_means_something_to_the_bus_is_refused) {
  for (const char* name : {"a.b", "*", ">", "a b", "a/b", "a%FF", "a\n", "ä"})
    EXPECT_FALSE(is_plain_id(name)) << name;
  EXPECT_FALSE(is_plain_id(std::string_view("a\0b", 3)));
}

TEST(PlainId, exactly_64_single_bytes_are_plain) {
  int plain = 0;
  for (int byte = 0; byte < 256; ++byte)
    plain += is_plain_id(std::string(1, static_cast<char>(byte))) ? 1 : 0;

  EXPECT_EQ(plain, 26 + 26 + 10 + 2);
}

TEST(PlainId, the_servers_own_user_is_not_plain_so_no_path_can_name_it) {
  EXPECT_FALSE(is_plain_id(system_user_id));
}

TEST(SessionId, zero_is_nobody) {
  EXPECT_FALSE(SessionId{});
  EXPECT_TRUE(SessionId{1});
}

TEST(SessionId, is_ordered_and_hashed_by_its_number) {
  const std::unordered_set<SessionId> ids{SessionId{1}, SessionId{2}, SessionId{1}};

  EXPECT_EQ(ids.size(), 2u);
  EXPECT_LT(SessionId{1}, SessionId{2});
}

TEST(Ids, do_not_mix) {
  EXPECT_FALSE((std::is_convertible_v<SessionId, ConnectionId>));
  EXPECT_FALSE((std::is_convertible_v<ConnectionId, SessionId>));
  EXPECT_FALSE((std::is_convertible_v<std::uint64_t, SessionId>));
  EXPECT_FALSE((std::is_convertible_v<std::string, RoomId>));
}

TEST(RoomId, equal_names_are_the_same_room_and_case_matters) {
  const std::unordered_set<RoomId> rooms{RoomId{"blue"}, RoomId{"blue"}, RoomId{"Blue"}};

  EXPECT_EQ(rooms.size(), 2u);
}

TEST(ResumeKey, is_equal_only_when_every_byte_is) {
  ResumeKey key;
  key.sha256.fill(7);

  for (std::size_t i = 0; i < key.sha256.size(); ++i) {
    ResumeKey other = key;
    EXPECT_TRUE(key == other);
    other.sha256[i] ^= 0x80;
    EXPECT_FALSE(key == other) << "byte " << i;
  }
}

}  // namespace
}  // namespace parley
