#include "websocket/frame_encoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace parley {
namespace {

std::vector<std::uint8_t> bytes_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(FrameEncoder, writes_the_examples_of_the_rfc) {
  // RFC 6455 §5.7.
  std::vector<std::uint8_t> out;

  append_frame(out, Opcode::text, as_bytes("Hello"));
  append_masked_frame(out, Opcode::text, as_bytes("Hello"), {0x37, 0xfa, 0x21, 0x3d});
  append_frame(out, Opcode::text, as_bytes("Hel"), Fragment::more_follow);
  append_frame(out, Opcode::continuation, as_bytes("lo"));

  const std::vector<std::uint8_t> expected = {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f,  //
                                              0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d,
                                              0x51, 0x58,  //
                                              0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f};
  EXPECT_EQ(out, expected);
}

TEST(FrameEncoder, takes_the_shortest_length_that_fits) {
  const auto header = [](std::size_t payload_bytes) {
    const std::vector<std::uint8_t> payload(payload_bytes);
    std::vector<std::uint8_t> out;
    append_frame(out, Opcode::binary, payload);
    out.resize(out.size() - payload_bytes);
    return out;
  };

  EXPECT_EQ(header(0), (std::vector<std::uint8_t>{0x82, 0}));
  EXPECT_EQ(header(125), (std::vector<std::uint8_t>{0x82, 125}));
  EXPECT_EQ(header(126), (std::vector<std::uint8_t>{0x82, 126, 0, 126}));
  EXPECT_EQ(header(65535), (std::vector<std::uint8_t>{0x82, 126, 255, 255}));
  EXPECT_EQ(header(65536), (std::vector<std::uint8_t>{0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(FrameEncoder, knows_how_long_a_masked_frame_becomes) {
  for (const std::size_t size : {0u, 125u, 126u, 65535u, 65536u}) {
    std::vector<std::uint8_t> out;

    append_masked_frame(out, Opcode::binary, std::vector<std::uint8_t>(size), {1, 2, 3, 4});

    EXPECT_EQ(out.size(), masked_frame_bytes(size));
  }
}

TEST(FrameEncoder, writes_pings_and_pongs) {
  EXPECT_EQ(bytes_of(ping_frame().bytes()), (std::vector<std::uint8_t>{0x89, 0}));
  EXPECT_EQ(bytes_of(pong_frame(as_bytes("ab")).bytes()),
            (std::vector<std::uint8_t>{0x8a, 2, 'a', 'b'}));
  EXPECT_EQ(ping_frame(std::vector<std::uint8_t>(125)).bytes().size(), 127u);
}

TEST(FrameEncoder, writes_close_frames) {
  EXPECT_EQ(bytes_of(close_frame(1001, "bye").bytes()),
            (std::vector<std::uint8_t>{0x88, 5, 0x03, 0xe9, 'b', 'y', 'e'}));
  EXPECT_EQ(bytes_of(close_frame(1000).bytes()), (std::vector<std::uint8_t>{0x88, 2, 0x03, 0xe8}));
  EXPECT_EQ(bytes_of(close_frame(close_code::none_given, "x").bytes()),
            (std::vector<std::uint8_t>{0x88, 0}));
}

TEST(FrameEncoder, cuts_a_long_reason_between_two_code_points) {
  const std::string reason = std::string(122, 'a') + "\xc3\xa9";

  const ControlFrame frame = close_frame(1008, reason);

  EXPECT_EQ(frame.bytes().size(), 2u + 2u + 122u);
  EXPECT_EQ(close_frame(1008, std::string(500, 'a')).bytes().size(), 127u);
}

TEST(CloseCode, tells_what_may_stand_in_a_frame) {
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 3999, 4000, 4999})
    EXPECT_TRUE(is_sendable_close_code(static_cast<std::uint16_t>(code))) << code;
  for (const int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    EXPECT_FALSE(is_sendable_close_code(static_cast<std::uint16_t>(code))) << code;
}

}  // namespace
}  // namespace parley
