#pragma once
// Reads the text of /metrics in tests, and writes health packets, by hand: a second opinion about
// both.

#include <bit>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

namespace parley {

/// The series of a text and their values, both as written.
inline std::map<std::string, std::string> series_of(const std::string& text) {
  std::map<std::string, std::string> series;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#") || line.empty()) continue;
    const auto space = line.rfind(' ');
    const bool is_new = series.emplace(line.substr(0, space), line.substr(space + 1)).second;
    if (!is_new) series[line.substr(0, space)] = "written twice";
  }
  return series;
}

/// Those of one name.
inline std::map<std::string, std::string> series_of(const std::string& text,
                                                    std::string_view name) {
  auto series = series_of(text);
  std::erase_if(series,
                [&](const auto& one) { return one.first.substr(0, one.first.find('{')) != name; });
  return series;
}

namespace fields {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value > 0x7f; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}
inline std::string number(unsigned field, std::uint64_t value) {
  return varint(field << 3) + varint(value);
}
inline std::string text(unsigned field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}
inline std::string real(unsigned field, double value) {
  std::string bytes = varint(field << 3 | 1);
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(bits >> (8 * i));
  return bytes;
}

}  // namespace fields

/// The beginning of a HealthPacket; peers and more are appended to it.
inline std::string health_packet(std::string_view session, std::string_view meeting,
                                 std::string_view user, std::uint64_t unix_ms) {
  return fields::text(1, session) + fields::text(2, meeting) + fields::text(3, user) +
         fields::number(4, unix_ms);
}

/// One entry of its peers; `stats` is a PeerStats.
inline std::string health_peer(std::string_view name, std::string_view stats = {}) {
  return fields::text(7, fields::text(1, name) + fields::text(2, stats));
}

}  // namespace parley
