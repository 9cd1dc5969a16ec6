#include "webtransport/settings.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "webtransport/varint.h"

namespace parley {
namespace {

using Pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

Result<Http3Settings, Http3Violation> read_pairs(const Pairs& pairs) {
  std::vector<std::uint8_t> payload;
  for (const auto& [id, value] : pairs) {
    append_varint(payload, id);
    append_varint(payload, value);
  }
  return read_settings(payload);
}

TEST(Settings, advertise_the_drafts_that_clients_look_for) {
  const std::vector<std::uint8_t> payload = server_settings();
  std::map<std::uint64_t, std::uint64_t> settings;
  for (Bytes rest = payload; !rest.empty();) {
    const auto id = read_varint(rest);
    const auto value = read_varint(rest);
    ASSERT_TRUE(id && value);
    EXPECT_TRUE(settings.emplace(*id, *value).second) << "twice: " << *id;
  }

  for (const std::uint64_t id : {0x08u, 0x33u, 0xffd277u, 0x2b603742u, 0x2b603743u, 0xc671706au})
    EXPECT_EQ(settings.at(id), 1u) << id;
  EXPECT_EQ(settings.at(0x01), 0u);
  EXPECT_EQ(settings.at(0x07), 0u);
  // Of drafts that would bind us to more than we do.
  for (const std::uint64_t id : {0x2c7cf000u, 0x14e9cd29u, 0x2b64u, 0x2b65u, 0x2b61u})
    EXPECT_FALSE(settings.contains(id)) << id;
}

TEST(Settings, of_every_known_client_are_understood) {
  const Pairs clients[] = {
      // Chromium, Firefox, a Rust client, a Go client, a Python client.
      {{1, 65536}, {6, 16384}, {7, 100}, {0x33, 1}, {0xffd277, 1}, {0x2b603742, 1}, {0x5c, 9}},
      {{1, 65536}, {7, 20}, {0x2b603742, 1}, {0xffd277, 1}, {0x33, 1}, {8, 1}},
      {{0xc671706a, 1}, {0xffd277, 1}, {8, 1}, {0x33, 1}, {0x2b603743, 1}, {0x2b603742, 1}},
      {{6, 1 << 20}, {0x33, 1}},
      {{1, 4096}, {7, 16}, {8, 1}, {0x21, 77}, {0x33, 1}, {0x2b603742, 1}},
  };
  for (const Pairs& client : clients) {
    const auto settings = read_pairs(client);
    ASSERT_TRUE(settings);
    EXPECT_TRUE(settings->takes_datagrams);
  }
}

TEST(Settings, say_whether_datagrams_are_taken) {
  EXPECT_FALSE(read_pairs({})->takes_datagrams);
  EXPECT_FALSE(read_pairs({{0x33, 0}})->takes_datagrams);
  EXPECT_TRUE(read_pairs({{0xffd277, 1}})->takes_datagrams);
  EXPECT_TRUE(read_pairs({{0x33, 1}, {0xffd277, 0}})->takes_datagrams);
}

TEST(Settings, are_refused_where_the_rfcs_say_so) {
  for (const std::uint64_t id : {0x00u, 0x02u, 0x03u, 0x04u, 0x05u})
    EXPECT_EQ(read_pairs({{id, 0}}).error(), Http3Violation::settings) << id;
  EXPECT_EQ(read_pairs({{0x33, 2}}).error(), Http3Violation::settings);
  EXPECT_EQ(read_pairs({{0x08, 7}}).error(), Http3Violation::settings);
  EXPECT_EQ(read_pairs({{0x33, 1}, {0x33, 1}}).error(), Http3Violation::settings);
  EXPECT_EQ(read_pairs({{0x06, 1}, {0x40, 9}, {0x06, 1}}).error(), Http3Violation::settings);
}

TEST(Settings, that_are_cut_break_their_frame) {
  std::vector<std::uint8_t> payload;
  append_varint(payload, 0x2b603742);
  append_varint(payload, 70000);
  for (std::size_t size = 1; size < payload.size(); ++size)
    EXPECT_EQ(read_settings(Bytes(payload).first(size)).error(), Http3Violation::frame_error);
}

}  // namespace
}  // namespace parley
