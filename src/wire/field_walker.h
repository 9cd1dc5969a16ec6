#pragma once
// Walks the fields of one serialized protobuf message in place, without a copy, accepting exactly
// what protobuf's own parser accepts (envelope_test compares the two).

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace parley {

enum class WireType : std::uint8_t {
  varint = 0,
  fixed64 = 1,
  length_delimited = 2,
  start_group = 3,
  end_group = 4,
  fixed32 = 5,
};

/// One field: its number, how it is written, and its value (`varint` or `bytes`).
struct Field {
  std::uint32_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t varint = 0;
  Bytes bytes;
};

/// `for (Field field; walker.next(field);) …; if (!walker.clean()) → malformed`.
/// Groups are walked over (to a depth of 100, as protobuf does) and not shown.
class FieldWalker {
 public:
  explicit FieldWalker(Bytes message) : at_(message.data()), end_(at_ + message.size()) {}

  /// The next field, or false at the end or at the first fault.
  bool next(Field& field) {
    while (at_ != end_) {
      if (!read_field(field)) {
        clean_ = false;
        return false;
      }
      if (field.type != WireType::start_group) return true;
    }
    return false;
  }

  /// True while no fault was met.
  [[nodiscard]] bool clean() const { return clean_; }

 private:
  static constexpr std::size_t group_depth_max = 100;

  bool read_field(Field& field) {
    std::uint32_t tag;
    if (!read_tag(tag)) return false;
    field.number = tag >> 3;
    field.type = static_cast<WireType>(tag & 7);
    if (field.number == 0) return false;
    if (field.type == WireType::start_group) return skip_group(field.number);
    return field.type != WireType::end_group && read_value(field);
  }

  bool read_value(Field& field) {
    switch (field.type) {
      case WireType::varint:
        return read_varint(field.varint);
      case WireType::fixed64:
        return skip(8);
      case WireType::fixed32:
        return skip(4);
      case WireType::length_delimited:
        return read_bytes(field.bytes);
      default:
        return false;
    }
  }

  bool skip_group(std::uint32_t number) {
    std::array<std::uint32_t, group_depth_max> open;
    std::size_t depth = 0;
    open[depth++] = number;
    while (depth > 0) {
      std::uint32_t tag;
      if (!read_tag(tag) || tag >> 3 == 0) return false;
      Field inner;
      inner.type = static_cast<WireType>(tag & 7);
      if (inner.type == WireType::start_group) {
        if (depth == group_depth_max) return false;
        open[depth++] = tag >> 3;
      } else if (inner.type == WireType::end_group) {
        if (open[--depth] != tag >> 3) return false;
      } else if (!read_value(inner)) {
        return false;
      }
    }
    return true;
  }

  /// Tags have at most five bytes; bits beyond 32 are lost, as in protobuf.
  bool read_tag(std::uint32_t& tag) {
    tag = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return false;
      const std::uint8_t byte = *at_++;
      tag |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  /// Values have at most ten bytes; bits beyond 64 are lost, as in protobuf.
  bool read_varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at_ == end_) return false;
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  /// Lengths have at most five bytes.
  bool read_bytes(Bytes& bytes) {
    std::uint64_t length = 0;
    for (int shift = 0;; shift += 7) {
      if (at_ == end_ || shift == 35) return false;
      const std::uint8_t byte = *at_++;
      length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (length > static_cast<std::uint64_t>(end_ - at_)) return false;
    bytes = {at_, static_cast<std::size_t>(length)};
    at_ += length;
    return true;
  }

  bool skip(std::ptrdiff_t count) {
    if (end_ - at_ < count) return false;
    at_ += count;
    return true;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool clean_ = true;
};

}  // namespace parley
