#pragma once
// The head of one frame as it stands on the wire: everything RFC 6455 §5.2 and §5.5 say about a
// frame by itself, without what came before it.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "websocket/frame_format.h"

namespace parley {

struct FrameHeader {
  Opcode opcode = Opcode::continuation;
  bool is_final = false;
  MaskKey key{};
  /// Bytes of payload that follow.
  std::uint64_t payload_bytes = 0;
  /// Bytes the header itself takes.
  std::size_t header_bytes = 0;
};

enum class HeaderStatus : std::uint8_t { need_more, complete, violation };

struct ParsedHeader {
  HeaderStatus status = HeaderStatus::need_more;
  /// Set when complete.
  FrameHeader header;
  /// Set on a violation (always 1002): which rule was broken, as one sentence.
  const char* sentence = "";
};

/// Reads a header off the front of `in`, of which it consumes nothing. A broken rule is found as
/// soon as the bytes that break it are there. `expect_masked`: the frame comes from a client.
[[nodiscard]] ParsedHeader parse_frame_header(Bytes in, bool expect_masked);

}  // namespace parley
