#include "bench/json_text.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <utility>

namespace parley::bench {

void JsonText::begin(std::string_view key) {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
  if (key.empty()) return;
  put_text(key);
  out_ += ':';
}

void JsonText::open_object(std::string_view key) {
  begin(key);
  out_ += '{';
  needs_comma_ = false;
}

void JsonText::close_object() {
  out_ += '}';
  needs_comma_ = true;
}

void JsonText::open_list(std::string_view key) {
  begin(key);
  out_ += '[';
  needs_comma_ = false;
}

void JsonText::close_list() {
  out_ += ']';
  needs_comma_ = true;
}

void JsonText::text(std::string_view key, std::string_view value) {
  begin(key);
  put_text(value);
}

void JsonText::boolean(std::string_view key, bool value) {
  begin(key);
  out_ += value ? "true" : "false";
}

void JsonText::number(std::string_view key, double value) {
  begin(key);
  // JSON knows no infinities.
  if (std::isfinite(value))
    fmt::format_to(std::back_inserter(out_), "{:.6g}", value);
  else
    out_ += "null";
}

void JsonText::number(std::string_view key, std::optional<double> value) {
  if (value) return number(key, *value);
  begin(key);
  out_ += "null";
}

void JsonText::integer(std::string_view key, std::int64_t value) {
  begin(key);
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

std::string JsonText::take() {
  needs_comma_ = false;
  return std::exchange(out_, {});
}

void JsonText::put_text(std::string_view value) {
  out_ += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\')
      (out_ += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      fmt::format_to(std::back_inserter(out_), "\\u{:04x}", static_cast<unsigned>(c));
    else
      out_ += c;
  }
  out_ += '"';
}

}  // namespace parley::bench
