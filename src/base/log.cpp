#include "base/log.h"

#include <fmt/core.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <cstddef>
#include <memory>

namespace parley {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

std::string_view name_of(LogLevel level) { return level_names.at(static_cast<std::size_t>(level)); }

/// What stands at the front of a text: one character, or one byte that is not UTF-8.
struct Character {
  std::string_view bytes;
  char32_t code = 0;  // without meaning when not valid
  bool valid = false;
};

/// Reads the first character of `text`, which is not empty (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
Character first_character(std::string_view text) {
  const auto byte_at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte_at(0);
  const Character broken{text.substr(0, 1)};

  std::size_t length = 0;
  char32_t code = 0;
  char32_t smallest = 0;
  if (lead < 0x80) return {text.substr(0, 1), lead, true};
  if ((lead & 0xe0) == 0xc0) {
    length = 2, code = lead & 0x1f, smallest = 0x80;
  } else if ((lead & 0xf0) == 0xe0) {
    length = 3, code = lead & 0x0f, smallest = 0x800;
  } else if ((lead & 0xf8) == 0xf0) {
    length = 4, code = lead & 0x07, smallest = 0x10000;
  } else {
    return broken;
  }

  if (text.size() < length) return broken;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(i) & 0xc0) != 0x80) return broken;
    code = (code << 6) | (byte_at(i) & 0x3f);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < smallest || surrogate || code > 0x10ffff) return broken;
  return {text.substr(0, length), code, true};
}

/// True for what a terminal or a reader would not show as a character of its own: control
/// characters, line separators, and marks that change the direction of the text around them.
bool is_unseen(char32_t code) {
  const bool control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const bool separator = code == 0x2028 || code == 0x2029;
  const bool direction = code == 0x061c || code == 0x200e || code == 0x200f ||
                         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  const bool invisible = code >= 0x200b && code <= 0x200d;
  return control || separator || direction || invisible || code == 0xfeff;
}

/// The most of one value that is written, in bytes: a display name has 255, an error message of a
/// library a few hundred. The rest is counted at its place.
constexpr std::size_t value_bytes_max = 1024;

/// The escapes of JSON, which logfmt readers understand too. A byte that is not UTF-8 cannot be
/// said in JSON and becomes U+FFFD there; text keeps it as \xNN.
void append_quoted(std::string& out, std::string_view text, LogFormat format) {
  const std::size_t size = text.size();
  out += '"';
  while (!text.empty()) {
    if (size - text.size() >= value_bytes_max) {
      out += fmt::format("… +{} B", text.size());
      break;
    }
    const Character character = first_character(text);
    text.remove_prefix(character.bytes.size());

    if (!character.valid && format == LogFormat::json)
      out += "\\ufffd";
    else if (!character.valid)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character.bytes[0]));
    else if (character.code == '"')
      out += R"(\")";
    else if (character.code == '\\')
      out += R"(\\)";
    else if (character.code == '\n')
      out += "\\n";
    else if (character.code == '\r')
      out += "\\r";
    else if (character.code == '\t')
      out += "\\t";
    else if (is_unseen(character.code))
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.code));
    else
      out += character.bytes;
  }
  out += '"';
}

/// True for what needs no quotes in logfmt.
bool is_word(std::string_view text) {
  constexpr std::string_view others = "_-.:/+@,;!?()[]*#%&~$^<>|{}";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       others.find(c) != std::string_view::npos;
    if (!plain) return false;
  }
  return !text.empty() && text.size() <= value_bytes_max;
}

/// True for what an event is: words and spaces. Anything else is quoted.
bool is_sentence(std::string_view text) {
  for (const char c : text)
    if (c != ' ' && c != '\'' && !is_word({&c, 1})) return false;
  return !text.empty() && text.front() != ' ';
}

/// Keys are ours, so a strange one is a slip; what matters is that it cannot break the line.
void append_text_key(std::string& out, std::string_view key) {
  for (const char c : key) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
    out += plain ? c : '_';
  }
  if (key.empty()) out += '_';
}

/// JSON has no word for NaN and the infinities, so they are written as text.
bool is_bare(const LogField& field) {
  if (field.quoted()) return false;
  const std::string_view value = field.value();
  return value == "true" || value == "false" ||
         (!value.empty() && value.find_first_not_of("-0123456789.") == std::string_view::npos);
}

std::string text_line(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) {
  std::string line(name_of(level));
  line += ' ';
  if (is_sentence(event))
    line += event;
  else
    append_quoted(line, event, LogFormat::text);
  for (const LogField& field : fields) {
    line += ' ';
    append_text_key(line, field.key());
    line += '=';
    if (is_bare(field) || is_word(field.value()))
      line += field.value();
    else
      append_quoted(line, field.value(), LogFormat::text);
  }
  return line;
}

std::string json_line(LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) {
  std::string line = R"({"level":")";
  line += name_of(level);
  line += R"(","event":)";
  append_quoted(line, event, LogFormat::json);
  for (const LogField& field : fields) {
    line += ',';
    append_quoted(line, field.key(), LogFormat::json);
    line += ':';
    if (is_bare(field))
      line += field.value();
    else
      append_quoted(line, field.value(), LogFormat::json);
  }
  line += '}';
  return line;
}

/// The time goes in front of a line by spdlog's pattern: for JSON as the first member of the
/// object, whose own opening brace is left out (see log()).
constexpr const char* text_pattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* json_pattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v)";

struct Log {
  spdlog::logger sink{"parley", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
  LogLevel threshold = LogLevel::info;
  LogFormat format = LogFormat::text;

  void configure(LogLevel new_threshold, LogFormat new_format) {
    threshold = new_threshold;
    format = new_format;
    const char* pattern = format == LogFormat::json ? json_pattern : text_pattern;
    sink.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        pattern, spdlog::pattern_time_type::utc, std::string("\n")));
    sink.set_level(spdlog::level::trace);
  }
};

/// Never destroyed: a thread may still have something to say while the process ends.
Log& the_log() {
  static Log* const log = [] {
    auto* created = new Log;
    created->configure(LogLevel::info, LogFormat::text);
    return created;
  }();
  return *log;
}

}  // namespace

void configure_log(LogLevel threshold, LogFormat format) { the_log().configure(threshold, format); }

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  Log& log = the_log();
  if (level < log.threshold) return;
  const std::string line = format_log_line(log.format, level, event, fields);
  const std::size_t skipped = log.format == LogFormat::json ? 1 : 0;
  // The level is in the line already; spdlog only adds the time and writes.
  log.sink.log(spdlog::level::info,
               spdlog::string_view_t(line.data() + skipped, line.size() - skipped));
}

std::string format_log_line(LogFormat format, LogLevel level, std::string_view event,
                            std::initializer_list<LogField> fields) {
  return format == LogFormat::json ? json_line(level, event, fields)
                                   : text_line(level, event, fields);
}

}  // namespace parley
