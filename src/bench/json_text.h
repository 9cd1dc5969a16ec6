#pragma once
// JsonText: writes JSON, one key after the other.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::bench {

/// Builds one JSON document. Keys are given in order; nested objects and lists are opened and
/// closed.
class JsonText {
 public:
  void open_object(std::string_view key = {});
  void close_object();
  void open_list(std::string_view key = {});
  void close_list();

  void text(std::string_view key, std::string_view value);
  void boolean(std::string_view key, bool value);
  void number(std::string_view key, double value);
  void integer(std::string_view key, std::int64_t value);
  void count(std::string_view key, std::uint64_t value) {
    integer(key, static_cast<std::int64_t>(value));
  }
  /// null when there is none.
  void number(std::string_view key, std::optional<double> value);

  /// The document; the writer is empty afterwards.
  std::string take();

 private:
  void begin(std::string_view key);
  void put_text(std::string_view value);

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace parley::bench
