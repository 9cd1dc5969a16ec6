#include "webtransport/capsule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

using wt_test::capsule;
using wt_test::close_capsule;

std::string grease(std::size_t size) { return capsule(0x29 * 7 + 0x17, std::string(size, 'g')); }

// What a parser sees, one line for each event.
std::string seen(CapsuleParser& parser, std::string_view bytes) {
  std::string text;
  Bytes in = as_bytes(bytes);
  while (true) {
    const CapsuleEvent event = parser.next(in);
    switch (event.kind) {
      case CapsuleEventKind::need_more:
        EXPECT_TRUE(in.empty());
        return text;
      case CapsuleEventKind::close:
        text += "close " + std::to_string(event.code) + " " + event.reason + "\n";
        break;
      case CapsuleEventKind::drain:
        text += "drain\n";
        break;
      case CapsuleEventKind::violation:
        text += "violation\n";
        break;
    }
  }
}

std::string seen(std::string_view bytes) {
  CapsuleParser parser;
  return seen(parser, bytes);
}

TEST(CapsuleParser, reads_a_close) {
  EXPECT_EQ(seen(close_capsule(0, "")), "close 0 \n");
  EXPECT_EQ(seen(close_capsule(0xfedcba98, "gone \xc3\xa9")), "close 4275878552 gone \xc3\xa9\n");
  const std::string longest(wt_close_reason_bytes_max, 'r');
  EXPECT_EQ(seen(close_capsule(1, longest)), "close 1 " + longest + "\n");
}

TEST(CapsuleParser, skips_what_it_does_not_know) {
  const std::string unknown = grease(0) + grease(60) + grease(5000) + capsule(0x00, "datagram") +
                              capsule(0x190b4d3f, "\x40\x64") + capsule(0x190b4d3d, "\x40\x64") +
                              capsule(0x190b4d41, "\x01");
  EXPECT_EQ(seen(unknown), "");
  EXPECT_EQ(seen(unknown + capsule(0x78ae, "") + grease(1) + close_capsule(3, "x")),
            "drain\nclose 3 x\n");
}

TEST(CapsuleParser, keeps_nothing_of_an_unknown_capsule_however_long) {
  CapsuleParser parser;
  std::string head = wt_test::Wire().number(0x29 * 2 + 0x17).number(varint_max);
  EXPECT_EQ(seen(parser, head), "");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen(parser, std::string(10000, 'x')), "");
  EXPECT_FALSE(parser.is_between_capsules());
}

TEST(CapsuleParser, refuses_what_breaks_the_rules) {
  const std::string bad[] = {
      capsule(0x2843, ""),                                                // no code
      capsule(0x2843, "abc"),                                             // half a code
      close_capsule(1, std::string(wt_close_reason_bytes_max + 1, 'r')),  // too long
      close_capsule(1, "\xff"),                                           // no text
      close_capsule(1, "cut \xe2\x82"),                                   // half a character
      capsule(0x190b4d3e, "\x01\x02"),                                    // of HTTP/2
      capsule(0x190b4d42, "\x01\x02"),                                    // of HTTP/2
  };
  for (const std::string& bytes : bad) {
    EXPECT_EQ(seen(bytes), "violation\n");
    EXPECT_EQ(seen(bytes + close_capsule(1, "late")), "violation\n") << "something was read on";
  }
}

TEST(CapsuleParser, refuses_a_long_reason_from_its_length_alone) {
  const std::string head = wt_test::Wire().number(0x2843).number(1029);
  EXPECT_EQ(seen(head), "violation\n");
}

TEST(CapsuleParser, refuses_anything_behind_a_close) {
  EXPECT_EQ(seen(close_capsule(1, "x") + "\x01"), "close 1 x\nviolation\n");
  EXPECT_EQ(seen(close_capsule(1, "x") + close_capsule(1, "x")), "close 1 x\nviolation\n");
}

TEST(CapsuleParser, knows_where_the_stream_may_end) {
  const std::string bytes = grease(3) + close_capsule(1, "x");
  const std::size_t first = grease(3).size();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CapsuleParser parser;
    seen(parser, std::string_view(bytes).substr(0, size));
    EXPECT_EQ(parser.is_between_capsules(), size == 0 || size == first || size == bytes.size());
  }
}

TEST(CapsuleParser, sees_the_same_wherever_the_bytes_are_cut) {
  const std::string streams[] = {
      grease(2) + capsule(0x78ae, "") + close_capsule(258, "a reason"),
      capsule(0x78ae, "more than nothing") + grease(70) + close_capsule(1, "\xe2\x82\xac") + "x",
      grease(0) + close_capsule(1, "\xe2\x82"),
      capsule(0x00, "d") + capsule(0x190b4d3e, "\x01"),
  };
  for (const std::string& stream : streams) {
    const std::string whole = seen(stream);
    for (std::size_t first = 0; first <= stream.size(); ++first) {
      for (std::size_t second = first; second <= stream.size(); ++second) {
        CapsuleParser parser;
        const std::string_view bytes = stream;
        std::string events = seen(parser, bytes.substr(0, first));
        events += seen(parser, bytes.substr(first, second - first));
        events += seen(parser, bytes.substr(second));
        ASSERT_EQ(events, whole) << first << ", " << second;
      }
    }
  }
}

TEST(CapsuleFrame, closes_with_a_reason_cut_at_a_character) {
  const auto payload_of = [](const std::vector<std::uint8_t>& frame) {
    Bytes rest = frame;
    EXPECT_EQ(read_varint(rest), 0u);
    const auto length = read_varint(rest);
    EXPECT_EQ(length, rest.size());
    return std::string(as_text(rest));
  };
  EXPECT_EQ(payload_of(close_capsule_frame(258, "why")), close_capsule(258, "why"));
  EXPECT_EQ(payload_of(drain_capsule_frame()), capsule(0x78ae, ""));

  std::string reason(1022, 'a');
  reason += "\xe2\x82\xac";
  EXPECT_EQ(payload_of(close_capsule_frame(1, reason)), close_capsule(1, std::string(1022, 'a')));
  EXPECT_EQ(payload_of(close_capsule_frame(1, reason.substr(1))),
            close_capsule(1, reason.substr(1)));
  EXPECT_EQ(seen(payload_of(close_capsule_frame(1, std::string(9000, '\xbf')))), "close 1 \n");
}

}  // namespace
}  // namespace parley
