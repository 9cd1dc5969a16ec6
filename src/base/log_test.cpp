#include "base/log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>
#include <string>
#include <thread>
#include <vector>

namespace parley {
namespace {

std::string text(std::string_view event, std::initializer_list<LogField> fields) {
  return format_log_line(LogFormat::text, LogLevel::info, event, fields);
}

std::string json(std::string_view event, std::initializer_list<LogField> fields) {
  return format_log_line(LogFormat::json, LogLevel::info, event, fields);
}

/// What `act` makes the log write. The log is back at its defaults afterwards.
template <class Act>
std::string written_by(LogLevel threshold, LogFormat format, Act act) {
  configure_log(threshold, format);
  testing::internal::CaptureStderr();
  act();
  std::string written = testing::internal::GetCapturedStderr();
  configure_log(LogLevel::info, LogFormat::text);
  return written;
}

TEST(Log, a_text_line_is_the_level_the_event_and_its_fields) {
  const std::string line =
      text("session joined", {{"room", "blue"}, {"members", 3}, {"host", true}});

  EXPECT_EQ(line, "info session joined room=blue members=3 host=true");
}

TEST(Log, a_json_line_is_one_object) {
  const std::string line =
      json("session joined", {{"room", "blue"}, {"members", 3}, {"host", false}});

  EXPECT_EQ(line,
            R"({"level":"info","event":"session joined","room":"blue","members":3,"host":false})");
}

TEST(Log, every_level_has_its_name) {
  EXPECT_EQ(format_log_line(LogFormat::text, LogLevel::debug, "x", {}), "debug x");
  EXPECT_EQ(format_log_line(LogFormat::text, LogLevel::info, "x", {}), "info x");
  EXPECT_EQ(format_log_line(LogFormat::text, LogLevel::warning, "x", {}), "warning x");
  EXPECT_EQ(format_log_line(LogFormat::text, LogLevel::error, "x", {}), "error x");
}

TEST(Log, a_user_cannot_forge_a_field) {
  const std::string user = R"(eve" admin="true)";

  EXPECT_EQ(text("joined", {{"user", user}}), R"(info joined user="eve\" admin=\"true")");
  EXPECT_EQ(json("joined", {{"user", user}}),
            R"({"level":"info","event":"joined","user":"eve\" admin=\"true"})");
}

TEST(Log, a_user_cannot_forge_a_line) {
  const std::string user = "eve\r\n2025-01-01T00:00:00.000Z error all is lost";

  EXPECT_EQ(text("joined", {{"user", user}}),
            R"(info joined user="eve\r\n2025-01-01T00:00:00.000Z error all is lost")");
  EXPECT_EQ(json("joined", {{"user", "a\nb"}}),
            R"({"level":"info","event":"joined","user":"a\nb"})");
}

TEST(Log, a_backslash_cannot_swallow_the_closing_quote) {
  EXPECT_EQ(text("joined", {{"user", "eve\\"}}), R"(info joined user="eve\\")");
  EXPECT_EQ(json("joined", {{"user", "eve\\"}}),
            R"({"level":"info","event":"joined","user":"eve\\"})");
}

TEST(Log, an_equals_sign_a_space_or_nothing_at_all_is_quoted) {
  EXPECT_EQ(text("x", {{"a", "b=c"}}), R"(info x a="b=c")");
  EXPECT_EQ(text("x", {{"a", "b c"}}), R"(info x a="b c")");
  EXPECT_EQ(text("x", {{"a", ""}}), R"(info x a="")");
}

TEST(Log, every_control_character_is_escaped) {
  for (int c = 0; c <= 0x7f; ++c) {
    if (c >= 0x20 && c < 0x7f) continue;
    const std::string value = "a" + std::string(1, static_cast<char>(c)) + "b";

    for (const std::string& line : {text("x", {{"k", value}}), json("x", {{"k", value}})}) {
      for (const char written : line) {
        EXPECT_GE(static_cast<unsigned char>(written), 0x20) << "for character " << c;
        EXPECT_NE(written, '\x7f') << "for character " << c;
      }
    }
  }
}

TEST(Log, control_characters_are_named_by_their_number) {
  EXPECT_EQ(text("x", {{"k", "\x1b[2J"}}), R"(info x k="\u001b[2J")");
  EXPECT_EQ(json("x", {{"k", "\x7f\t"}}), R"({"level":"info","event":"x","k":"\u007f\t"})");
  EXPECT_EQ(json("x", {{"k", std::string_view("\0", 1)}}),
            R"({"level":"info","event":"x","k":"\u0000"})");
}

TEST(Log, text_in_any_language_stays_readable) {
  EXPECT_EQ(text("x", {{"k", "Zoë 会議 😀"}}), R"(info x k="Zoë 会議 😀")");
  EXPECT_EQ(json("x", {{"k", "Zoë 会議 😀"}}), R"({"level":"info","event":"x","k":"Zoë 会議 😀"})");
}

TEST(Log, characters_that_nobody_sees_are_escaped) {
  EXPECT_EQ(text("x", {{"k", "a\u202eb"}}), R"(info x k="a\u202eb")");  // right to left from here
  EXPECT_EQ(text("x", {{"k", "a\u0085b"}}), R"(info x k="a\u0085b")");  // C1: next line
  EXPECT_EQ(text("x", {{"k", "a\u2028b"}}), R"(info x k="a\u2028b")");  // line separator
  EXPECT_EQ(json("x", {{"k", "a\ufeffb"}}), R"({"level":"info","event":"x","k":"a\ufeffb"})");
}

TEST(Log, what_is_not_utf8_is_shown_byte_by_byte_in_text) {
  EXPECT_EQ(text("x", {{"k", "a\xff"}}), R"(info x k="a\xff")");
  EXPECT_EQ(text("x", {{"k", "\xc0\xaf"}}), R"(info x k="\xc0\xaf")");                  // overlong
  EXPECT_EQ(text("x", {{"k", "\xed\xa0\x80"}}), R"(info x k="\xed\xa0\x80")");          // surrogate
  EXPECT_EQ(text("x", {{"k", "\xf4\x90\x80\x80"}}), R"(info x k="\xf4\x90\x80\x80")");  // too high
  EXPECT_EQ(text("x", {{"k", "\xe4\xbc"}}), R"(info x k="\xe4\xbc")");                  // cut short
  EXPECT_EQ(text("x", {{"k", "\xe4\xbcz"}}), R"(info x k="\xe4\xbcz")");
  EXPECT_EQ(text("x", {{"k", "\x80"}}), R"(info x k="\x80")");  // a continuation of nothing
}

TEST(Log, what_is_not_utf8_is_the_replacement_character_in_json) {
  EXPECT_EQ(json("x", {{"k", "a\xffz"}}), R"({"level":"info","event":"x","k":"a\ufffdz"})");
}

TEST(Log, a_long_value_is_cut_between_characters_and_says_so) {
  const std::string longest(1024, 'x');

  EXPECT_EQ(text("x", {{"k", longest}}), "info x k=" + longest);
  EXPECT_EQ(text("x", {{"k", longest + "yz"}}), "info x k=\"" + longest + "… +2 B\"");
  EXPECT_EQ(text("x", {{"k", longest.substr(1) + "éz"}}),
            "info x k=\"" + longest.substr(1) + "é… +1 B\"");
  EXPECT_EQ(json("x", {{"k", std::string(4'000'000, '\n')}}).size(),
            std::string_view(R"({"level":"info","event":"x","k":""})").size() + 2 * 1024 +
                std::string_view("… +3998976 B").size());
}

TEST(Log, keys_and_events_cannot_break_a_line_either) {
  EXPECT_EQ(text("x", {{"a b=\n\"", 1}}), "info x a_b___=1");
  EXPECT_EQ(text("x", {{"", 1}}), "info x _=1");
  EXPECT_EQ(text("a\nb", {}), R"(info "a\nb")");
  EXPECT_EQ(text("a=\"b\"", {}), R"(info "a=\"b\"")");
  EXPECT_EQ(json("a\nb", {{"\"", 1}}), R"({"level":"info","event":"a\nb","\"":1})");
}

TEST(Log, numbers_are_bare_and_those_json_cannot_say_are_text) {
  EXPECT_EQ(json("x", {{"k", -7}}), R"({"level":"info","event":"x","k":-7})");
  EXPECT_EQ(json("x", {{"k", 0.5}}), R"({"level":"info","event":"x","k":0.500000})");
  EXPECT_EQ(json("x", {{"k", std::numeric_limits<double>::infinity()}}),
            R"({"level":"info","event":"x","k":"inf"})");
  EXPECT_EQ(json("x", {{"k", std::nan("")}}), R"({"level":"info","event":"x","k":"nan"})");
}

TEST(Log, text_that_looks_like_a_number_is_a_string_in_json) {
  EXPECT_EQ(json("x", {{"k", "12"}}), R"({"level":"info","event":"x","k":"12"})");
}

TEST(Log, a_written_line_begins_with_the_time_in_utc) {
  const std::string line =
      written_by(LogLevel::info, LogFormat::text, [] { log_info("listening", {{"port", 8080}}); });

  EXPECT_TRUE(std::regex_match(
      line, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info listening port=8080\n)")))
      << line;
}

TEST(Log, a_written_json_line_has_the_time_as_its_first_member) {
  const std::string line = written_by(LogLevel::info, LogFormat::json,
                                      [] { log_error("cannot listen", {{"port", 8080}}); });

  EXPECT_TRUE(std::regex_match(
      line,
      std::regex(
          R"(\{"time":"[-0-9T:.]{23}Z","level":"error","event":"cannot listen","port":8080\}\n)")))
      << line;
}

TEST(Log, a_value_is_never_read_as_a_pattern) {
  const std::string line =
      written_by(LogLevel::info, LogFormat::text, [] { log_info("x", {{"k", "%v{}%n{0}"}}); });

  EXPECT_NE(line.find("k=%v{}%n{0}\n"), std::string::npos) << line;
}

TEST(Log, what_is_below_the_threshold_is_not_written) {
  const std::string written = written_by(LogLevel::warning, LogFormat::text, [] {
    log_info("quiet");
    log_warning("loud");
  });

  EXPECT_EQ(written.find("quiet"), std::string::npos) << written;
  EXPECT_NE(written.find("warning loud\n"), std::string::npos) << written;
}

TEST(Log, lines_of_many_threads_do_not_mix) {
  constexpr int threads = 4;
  constexpr int lines_each = 250;

  const std::string written = written_by(LogLevel::info, LogFormat::text, [] {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < threads; ++writer) {
      writers.emplace_back([writer] {
        for (int i = 0; i < lines_each; ++i) log_info("line", {{"writer", writer}, {"i", i}});
      });
    }
  });

  const std::regex whole(R"([-0-9T:.]{23}Z info line writer=\d i=\d+)");
  int lines = 0;
  for (std::size_t start = 0; start < written.size(); ++lines) {
    const std::size_t end = written.find('\n', start);
    ASSERT_NE(end, std::string::npos);
    ASSERT_TRUE(std::regex_match(written.substr(start, end - start), whole));
    start = end + 1;
  }
  EXPECT_EQ(lines, threads * lines_each);
}

}  // namespace
}  // namespace parley
