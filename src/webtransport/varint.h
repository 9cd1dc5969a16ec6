#pragma once
// Variable-length integers of QUIC (RFC 9000 §16): HTTP/3 and WebTransport write every number so.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

namespace parley {

inline constexpr std::uint64_t varint_max = (std::uint64_t{1} << 62) - 1;
inline constexpr std::size_t varint_bytes_max = 8;

/// Length of the integer whose first byte this is.
constexpr std::size_t varint_size_from(std::uint8_t first) {
  return std::size_t{1} << (first >> 6);
}

/// Length of the shortest form of `value`.
constexpr std::size_t varint_size(std::uint64_t value) {
  if (value < 64) return 1;
  if (value < 16384) return 2;
  return value < 1073741824 ? 4 : 8;
}

/// Takes an integer off the front of `in`. Nothing, and `in` as it was, if it is not there whole.
inline std::optional<std::uint64_t> read_varint(Bytes& in) {
  if (in.empty()) return std::nullopt;
  const std::size_t size = varint_size_from(in.front());
  if (in.size() < size) return std::nullopt;
  std::uint64_t value = in.front() & 0x3fu;
  for (std::size_t i = 1; i < size; ++i) value = value << 8 | in[i];
  in = in.subspan(size);
  return value;
}

/// Writes the shortest form of `value` to `to`, which has room for it. Returns its length.
inline std::size_t write_varint(std::uint8_t* to, std::uint64_t value) {
  check(value <= varint_max, "a number is too large for a QUIC varint");
  const std::size_t size = varint_size(value);
  for (std::size_t i = size; i-- > 0; value >>= 8) to[i] = static_cast<std::uint8_t>(value);
  const std::uint8_t form = size == 1 ? 0 : size == 2 ? 0x40 : size == 4 ? 0x80 : 0xc0;
  to[0] = static_cast<std::uint8_t>(to[0] | form);
  return size;
}

inline void append_varint(std::vector<std::uint8_t>& to, std::uint64_t value) {
  std::uint8_t bytes[varint_bytes_max];
  const std::size_t size = write_varint(bytes, value);
  to.insert(to.end(), bytes, bytes + size);
}

/// An integer that comes in pieces.
class VarintReader {
 public:
  /// Takes what belongs to the integer off the front of `in`. True once it is whole.
  bool feed(Bytes& in) {
    while (!is_whole() && !in.empty()) {
      const std::uint8_t byte = in.front();
      in = in.subspan(1);
      if (has_begun_) {
        value_ = value_ << 8 | byte;
        --missing_;
      } else {
        has_begun_ = true;
        value_ = byte & 0x3fu;
        missing_ = static_cast<std::uint8_t>(varint_size_from(byte) - 1);
      }
    }
    return is_whole();
  }

  [[nodiscard]] bool has_begun() const { return has_begun_; }
  [[nodiscard]] bool is_whole() const { return has_begun_ && missing_ == 0; }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
  std::uint8_t missing_ = 0;
  bool has_begun_ = false;
};

}  // namespace parley
