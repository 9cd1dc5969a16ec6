#include "bench/frame_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {
namespace {

using namespace std::string_literals;

struct Heard {
  std::vector<std::string> heads;
  std::vector<std::size_t> sizes;
  std::vector<std::string> controls;

  void on_message(Bytes head, std::size_t size) {
    heads.emplace_back(as_text(head));
    sizes.push_back(size);
  }
  void on_control(Opcode opcode, Bytes payload) {
    controls.push_back(std::to_string(static_cast<int>(opcode)) + ":" +
                       std::string(as_text(payload)));
  }
};

/// A server's frame: unmasked, with the shortest length that fits.
std::string server_frame(int first_byte, std::string_view payload) {
  std::string frame(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xFFFF) {
    frame += static_cast<char>(126);
    for (int shift = 8; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift);
  } else {
    frame += static_cast<char>(127);
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>(payload.size() >> shift);
  }
  return frame += payload;
}

std::string conversation() {
  return server_frame(0x82, "one") + server_frame(0x82, std::string(300, 'b')) +
         server_frame(0x89, "ping") + server_frame(0x02, "fir") + server_frame(0x8A, "") +
         server_frame(0x00, "st ") + server_frame(0x80, "last") + server_frame(0x82, "") +
         server_frame(0x81, "text is no packet") + server_frame(0x82, std::string(70'000, 'c')) +
         server_frame(0x88, "\x03\xE8"s + "bye");
}

void expect_conversation(const Heard& heard) {
  const std::vector<std::size_t> sizes = {3, 300, 10, 0, 70'000};
  const std::vector<std::string> heads = {"one", std::string(packet_head_bytes, 'b'), "first last",
                                          "", std::string(packet_head_bytes, 'c')};
  const std::vector<std::string> controls = {"9:ping", "10:", "8:\x03\xE8"s + "bye"};
  EXPECT_EQ(heard.sizes, sizes);
  EXPECT_EQ(heard.heads, heads);
  EXPECT_EQ(heard.controls, controls);
}

TEST(FrameReader, reads_a_conversation_that_comes_at_once) {
  FrameReader reader;
  Heard heard;

  EXPECT_TRUE(reader.feed(as_bytes(conversation()), heard));

  expect_conversation(heard);
}

TEST(FrameReader, reads_the_same_from_pieces_of_any_size) {
  const std::string bytes = conversation();
  for (const std::size_t step : {1, 2, 3, 7, 64, 1'000, 65'536}) {
    FrameReader reader;
    Heard heard;
    for (std::size_t at = 0; at < bytes.size(); at += step)
      ASSERT_TRUE(reader.feed(as_bytes(std::string_view(bytes).substr(at, step)), heard));
    expect_conversation(heard);
  }
}

TEST(FrameReader, says_what_is_wrong_with_a_frame) {
  const auto fault_of = [](const std::string& bytes) {
    FrameReader reader;
    Heard heard;
    EXPECT_FALSE(reader.feed(as_bytes(bytes), heard));
    return std::string(reader.fault());
  };
  EXPECT_EQ(fault_of("\x82\x81"s + "abcdx"), "a frame of the server is masked");
  EXPECT_EQ(fault_of(server_frame(0xC2, "x")), "reserved bits are set");
  EXPECT_EQ(fault_of(server_frame(0x83, "x")), "an unknown opcode");
  EXPECT_EQ(fault_of(server_frame(0x8B, "x")), "an unknown opcode");
  EXPECT_EQ(fault_of(server_frame(0x80, "x")), "fragments out of order");
  EXPECT_EQ(fault_of(server_frame(0x02, "x") + server_frame(0x82, "y")), "fragments out of order");
  EXPECT_EQ(fault_of(server_frame(0x09, "x")), "a bad control frame");
  EXPECT_EQ(fault_of(server_frame(0x89, std::string(126, 'x'))), "a bad control frame");
}

}  // namespace
}  // namespace parley::bench
