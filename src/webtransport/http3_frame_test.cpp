#include "webtransport/http3_frame.h"

#include <gtest/gtest.h>

#include <string>

#include "webtransport/settings.h"
#include "webtransport/testing/wt_client.h"

namespace parley {
namespace {

using wt_test::Wire;

std::string frame(std::uint64_t type, std::string_view payload) {
  return Wire().frame(type, payload);
}
std::string grease(std::size_t size) { return frame(0x1f * 5 + 0x21, std::string(size, 'g')); }

// What a reader sees. Adjacent pieces of data count as one.
std::string seen(Http3FrameReader& reader, std::string_view bytes, std::string text = {}) {
  Bytes in = as_bytes(bytes);
  while (true) {
    const Http3FrameEvent event = reader.next(in);
    switch (event.kind) {
      case Http3FrameEventKind::need_more:
        EXPECT_TRUE(in.empty());
        return text;
      case Http3FrameEventKind::frame:
        text += "[" + std::to_string(event.type) + ":" + std::string(as_text(event.payload)) + "]";
        break;
      case Http3FrameEventKind::data:
        text += as_text(event.payload);
        break;
      case Http3FrameEventKind::wt_stream:
        return text + "stream of " + std::to_string(event.id);
      case Http3FrameEventKind::headers_too_large:
        text += "too large";
        break;
      case Http3FrameEventKind::violation:
        EXPECT_STRNE(event.sentence, "");
        text += name_of(event.violation);
        break;
    }
  }
}

std::string seen(Http3FrameRules rules, std::string_view bytes) {
  Http3FrameReader reader(rules);
  return seen(reader, bytes);
}

constexpr auto control = Http3FrameRules::control;
constexpr auto request = Http3FrameRules::request;
constexpr auto tunnel = Http3FrameRules::tunnel;

TEST(Http3FrameReader, reads_the_frames_of_each_kind_of_stream) {
  EXPECT_EQ(seen(control, frame(4, "set") + frame(7, "\x04") + frame(0xd, "\x05")),
            "[4:set][7:\x04][13:\x05]");
  EXPECT_EQ(seen(control, frame(4, "")), "[4:]");
  EXPECT_EQ(seen(request, frame(1, "fields")), "[1:fields]");
  EXPECT_EQ(seen(tunnel, frame(0, "one ") + frame(0, "") + frame(0, "two")), "one two");
}

TEST(Http3FrameReader, skips_reserved_and_unknown_frames_everywhere) {
  for (const std::size_t size : {0u, 1u, 63u, 64u, 20000u}) {
    EXPECT_EQ(seen(control, frame(4, "s") + grease(size) + frame(0xf0700, "u") + frame(7, "\x01")),
              "[4:s][7:\x01]");
    EXPECT_EQ(seen(request, grease(size) + grease(1) + frame(1, "f")), "[1:f]");
    EXPECT_EQ(seen(tunnel, grease(size) + frame(0, "d") + grease(size) + frame(0, "e")), "de");
  }
}

TEST(Http3FrameReader, refuses_frames_where_they_must_not_stand) {
  const struct {
    Http3FrameRules rules;
    std::string bytes;
    std::string_view expected;
  } rows[] = {
      {control, grease(3), "missing_settings"},
      {control, frame(7, "\x01"), "missing_settings"},
      {control, frame(0, ""), "missing_settings"},
      {control, frame(4, "") + frame(4, ""), "[4:]frame_unexpected"},
      {control, frame(4, "") + frame(0, ""), "[4:]frame_unexpected"},
      {control, frame(4, "") + frame(1, ""), "[4:]frame_unexpected"},
      {control, frame(4, "") + frame(5, ""), "[4:]frame_unexpected"},
      {control, frame(4, "") + frame(7, ""), "[4:]frame_error"},
      {control, frame(4, "") + frame(0xd, "123456789"), "[4:]frame_error"},
      {control, frame(4, "") + frame(0x41, "a"), "[4:]frame_error"},
      {request, frame(0, "early"), "frame_unexpected"},
      {request, frame(3, "\x01"), "frame_unexpected"},
      {request, frame(4, ""), "frame_unexpected"},
      {request, frame(5, ""), "frame_unexpected"},
      {request, frame(7, "\x01"), "frame_unexpected"},
      {request, frame(0xd, "\x01"), "frame_unexpected"},
      {request, grease(0) + Wire().number(0x41).number(0).str(), "frame_error"},
      {tunnel, frame(0, "d") + frame(1, "trailers"), "dframe_unexpected"},
      {tunnel, frame(4, ""), "frame_unexpected"},
      {tunnel, frame(5, ""), "frame_unexpected"},
      {tunnel, frame(7, "\x01"), "frame_unexpected"},
      {tunnel, Wire().number(0x41).number(0).str(), "frame_error"},
  };
  for (const auto& [rules, bytes, expected] : rows)
    EXPECT_EQ(seen(rules, bytes + frame(0, "late")), expected);
  for (const std::uint64_t type : {0x02u, 0x06u, 0x08u, 0x09u}) {
    EXPECT_EQ(seen(control, frame(4, "") + frame(type, "")), "[4:]frame_unexpected");
    EXPECT_EQ(seen(request, frame(type, "")), "frame_unexpected");
    EXPECT_EQ(seen(tunnel, frame(type, "")), "frame_unexpected");
  }
}

TEST(Http3FrameReader, refuses_long_frames_from_their_length_alone) {
  const std::string long_headers = Wire().number(1).number(headers_bytes_max + 1);
  EXPECT_EQ(seen(request, long_headers + "late"), "too large");
  const std::string longest(headers_bytes_max, 'f');
  EXPECT_EQ(seen(request, frame(1, longest)), "[1:" + longest + "]");
  const std::string long_settings = Wire().number(4).number(settings_bytes_max + 1);
  EXPECT_EQ(seen(control, long_settings), "excessive_load");
}

TEST(Http3FrameReader, tells_a_stream_of_webtransport_from_a_request) {
  Http3FrameReader reader(request);
  const std::string bytes = Wire().number(0x41).number(4).text("payload");
  Bytes in = as_bytes(bytes);

  const Http3FrameEvent event = reader.next(in);

  EXPECT_EQ(event.kind, Http3FrameEventKind::wt_stream);
  EXPECT_EQ(event.id, 4u);
  EXPECT_EQ(as_text(in), "payload");
}

TEST(Http3FrameReader, takes_a_close_capsule_without_a_data_frame) {
  const std::string capsule = wt_test::close_capsule(5, "bare");
  EXPECT_EQ(seen(tunnel, frame(0, "d") + capsule), "d" + capsule);
  EXPECT_EQ(seen(tunnel, frame(0x2843, "")), frame(0x2843, ""));
}

TEST(Http3FrameReader, knows_where_the_stream_may_end) {
  const std::string bytes = grease(2) + frame(0, "ab") + frame(0, "");
  const std::size_t one = grease(2).size();
  const std::size_t two = one + frame(0, "ab").size();
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    Http3FrameReader reader(tunnel);
    seen(reader, std::string_view(bytes).substr(0, size));
    const bool is_between = size == 0 || size == one || size == two || size == bytes.size();
    EXPECT_EQ(reader.is_between_frames(), is_between) << size;
  }
}

TEST(Http3FrameReader, sees_the_same_wherever_the_bytes_are_cut) {
  const struct {
    Http3FrameRules rules;
    std::string bytes;
  } rows[] = {
      {control, frame(4, "settings") + grease(9) + frame(7, "\x40\x04") + frame(2, "")},
      {control, grease(1) + frame(4, "s")},
      {request, grease(0) + grease(70) + frame(1, "the fields") + frame(0, "body")},
      {request, Wire().number(0x41).number(16384).str()},
      {tunnel, frame(0, "one") + grease(5) + frame(0, "") + frame(0x2843, "bare") + frame(1, "t")},
  };
  for (const auto& [rules, bytes] : rows) {
    const std::string whole = seen(rules, bytes);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
      for (std::size_t second = first; second <= bytes.size(); ++second) {
        Http3FrameReader reader(rules);
        const std::string_view view = bytes;
        std::string events = seen(reader, view.substr(0, first));
        events = seen(reader, view.substr(first, second - first), events);
        events = seen(reader, view.substr(second), events);
        ASSERT_EQ(events, whole) << first << ", " << second;
      }
    }
  }
}

}  // namespace
}  // namespace parley
