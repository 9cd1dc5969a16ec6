#pragma once
// The header of one unmasked WebSocket frame (RFC 6455 §5.2), as a server writes it.

#include <cstddef>
#include <cstdint>

namespace parley {

/// FIN and the opcode "binary".
inline constexpr std::uint8_t final_binary_frame = 0x82;

/// Writes the header of an unmasked frame of `payload` bytes so that it ends just before `end`.
/// Returns its length: 2, 4 or 10 bytes. `first_byte` is FIN, the reserved bits and the opcode.
inline std::size_t write_frame_header(std::uint8_t* end, std::uint8_t first_byte,
                                      std::uint64_t payload) {
  const auto byte = [payload](int shift) { return static_cast<std::uint8_t>(payload >> shift); };
  if (payload <= 125) {
    end[-2] = first_byte;
    end[-1] = byte(0);
    return 2;
  }
  if (payload <= 0xffff) {
    end[-4] = first_byte;
    end[-3] = 126;
    end[-2] = byte(8);
    end[-1] = byte(0);
    return 4;
  }
  end[-10] = first_byte;
  end[-9] = 127;
  for (int i = 0; i < 8; ++i) end[-1 - i] = byte(8 * i);
  return 10;
}

}  // namespace parley
