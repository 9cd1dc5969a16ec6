#pragma once
// Masking: the exclusive-or with a four-byte key that every client's payload goes through
// (RFC 6455 §5.3). The same operation hides and reveals.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "websocket/frame_format.h"

namespace parley {

/// Copies `from` to `to`, masking (or unmasking) on the way. `offset` is the position of the first
/// byte within its frame's payload. `to` has room for from.size() bytes and may be from.data().
void copy_masked(std::uint8_t* to, Bytes from, MaskKey key, std::size_t offset);

}  // namespace parley
