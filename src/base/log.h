#pragma once
// The structured log: one line per event, `key=value` (logfmt) for a terminal, JSON otherwise.
// Every value is escaped, so nothing a client sends can forge a field or a line.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace parley {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
enum class LogFormat : std::uint8_t { text, json };

/// One `key=value` of a log line. Text is escaped; numbers and booleans are printed as they are.
class LogField {
 public:
  LogField(std::string_view key, std::string_view text) : key_(key), value_(text), quoted_(true) {}
  LogField(std::string_view key, const char* text) : LogField(key, std::string_view(text)) {}
  LogField(std::string_view key, const std::string& text) : LogField(key, std::string_view(text)) {}
  template <class Number>
    requires std::is_arithmetic_v<Number>
  LogField(std::string_view key, Number number) : key_(key) {
    if constexpr (std::is_same_v<Number, bool>)
      value_ = number ? "true" : "false";
    else
      value_ = std::to_string(number);
  }

  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }
  [[nodiscard]] bool quoted() const { return quoted_; }

 private:
  std::string_view key_;
  std::string value_;
  bool quoted_ = false;
};

/// Chooses where lines begin to matter and how they look. Call once, before threads start; without
/// it the log is text at level info. Lines go to stderr.
void configure_log(LogLevel threshold, LogFormat format);

/// Writes one line: `event` is a fixed sentence, everything that varies is a field. Any thread.
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

/// The text of one line without its time (for tests).
std::string format_log_line(LogFormat format, LogLevel level, std::string_view event,
                            std::initializer_list<LogField> fields);

inline void log_info(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::info, event, fields);
}
inline void log_warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::warning, event, fields);
}
inline void log_error(std::string_view event, std::initializer_list<LogField> fields = {}) {
  log(LogLevel::error, event, fields);
}

}  // namespace parley
