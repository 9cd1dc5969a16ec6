#include "websocket/frame_header_parser.h"

#include <algorithm>

namespace parley {
namespace {

constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t length_16_bits = 126;
constexpr std::uint8_t length_64_bits = 127;

ParsedHeader violation(const char* sentence) {
  ParsedHeader parsed;
  parsed.status = HeaderStatus::violation;
  parsed.sentence = sentence;
  return parsed;
}

bool is_assigned(std::uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa); }

std::uint64_t read_big_endian(Bytes bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// What is wrong with the first byte, or null.
const char* fault_of_first(std::uint8_t first) {
  if ((first & reserved_bits) != 0) return "a reserved bit is set";
  const std::uint8_t opcode = first & 0x0f;
  if (!is_assigned(opcode)) return "the opcode is reserved";
  if (is_control(Opcode{opcode}) && (first & final_bit) == 0)
    return "a control frame is fragmented";
  return nullptr;
}

// What is wrong with the second byte of a frame of this kind, or null.
const char* fault_of_second(std::uint8_t second, Opcode opcode, bool expect_masked) {
  const bool masked = (second & mask_bit) != 0;
  if (expect_masked && !masked) return "a client's frame is not masked";
  if (!expect_masked && masked) return "a server's frame is masked";
  if (is_control(opcode) && (second & 0x7f) > control_payload_bytes_max)
    return "a control frame is longer than 125 bytes";
  return nullptr;
}

// What is wrong with a length that came in `length_bytes` extra bytes, or null.
const char* fault_of_length(std::uint64_t length, std::size_t length_bytes) {
  if (length >> 63 != 0) return "the top bit of the length is set";
  if (length_bytes == 2 && length <= control_payload_bytes_max) return "the length is not minimal";
  if (length_bytes == 8 && length <= 0xffff) return "the length is not minimal";
  return nullptr;
}

}  // namespace

ParsedHeader parse_frame_header(Bytes in, bool expect_masked) {
  ParsedHeader parsed;
  FrameHeader& header = parsed.header;
  if (in.empty()) return parsed;
  if (const char* fault = fault_of_first(in[0])) return violation(fault);
  header.opcode = Opcode{static_cast<std::uint8_t>(in[0] & 0x0f)};
  header.is_final = (in[0] & final_bit) != 0;

  if (in.size() < 2) return parsed;
  if (const char* fault = fault_of_second(in[1], header.opcode, expect_masked))
    return violation(fault);
  header.payload_bytes = in[1] & 0x7f;
  header.header_bytes = 2;

  if (header.payload_bytes >= length_16_bits) {
    const std::size_t length_bytes = header.payload_bytes == length_64_bits ? 8 : 2;
    if (in.size() < 2 + length_bytes) return parsed;
    header.payload_bytes = read_big_endian(in.subspan(2, length_bytes));
    header.header_bytes += length_bytes;
    if (const char* fault = fault_of_length(header.payload_bytes, length_bytes))
      return violation(fault);
  }

  if (expect_masked) {
    if (in.size() < header.header_bytes + header.key.size()) return parsed;
    std::copy_n(in.data() + header.header_bytes, header.key.size(), header.key.data());
    header.header_bytes += header.key.size();
  }
  parsed.status = HeaderStatus::complete;
  return parsed;
}

}  // namespace parley
