#include "bench/packet_head.h"

#include <algorithm>

namespace parley::bench {
namespace {

/// Walks protobuf fields front to back; every step ends the walk when the bytes end.
class Fields {
 public:
  explicit Fields(Bytes bytes) : rest_(bytes) {}

  /// Moves to the next field; false at the end or when the bytes are not protobuf.
  bool next() {
    const auto tag = varint();
    if (!tag) return false;
    number_ = *tag >> 3;
    switch (*tag & 7) {
      case 0: {
        const auto value = varint();
        value_ = value.value_or(0);
        return value.has_value();
      }
      case 1:
        return skip(8);
      case 2: {
        const auto length = varint();
        if (!length) return false;
        const auto present =
            static_cast<std::size_t>(std::min<std::uint64_t>(*length, rest_.size()));
        content_ = rest_.first(present);
        rest_ = rest_.subspan(present);
        return true;
      }
      case 5:
        return skip(4);
      default:
        return false;
    }
  }

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] std::uint64_t value() const { return value_; }
  /// What is present of the content of a length-delimited field.
  [[nodiscard]] Bytes content() const { return content_; }

 private:
  std::optional<std::uint64_t> varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const std::uint8_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    return {};
  }

  bool skip(std::size_t bytes) {
    if (rest_.size() < bytes) return false;
    rest_ = rest_.subspan(bytes);
    return true;
  }

  Bytes rest_;
  Bytes content_;
  std::uint64_t number_ = 0;
  std::uint64_t value_ = 0;
};

constexpr std::uint64_t wrapper_packet_type = 1;
constexpr std::uint64_t wrapper_data = 3;
constexpr std::uint64_t media_data = 3;
constexpr std::uint64_t packet_type_media = 3;

std::optional<Mark> find_mark(Bytes media) {
  Fields fields(media);
  while (fields.next())
    if (fields.number() == media_data) return decode_mark(fields.content());
  return {};
}

}  // namespace

PacketHead read_packet_head(Bytes head) {
  PacketHead result;
  Fields fields(head);
  while (fields.next()) {
    if (fields.number() == wrapper_packet_type) result.packet_type = fields.value();
    if (fields.number() != wrapper_data) continue;
    if (result.packet_type == packet_type_media) result.mark = find_mark(fields.content());
    break;
  }
  return result;
}

}  // namespace parley::bench
