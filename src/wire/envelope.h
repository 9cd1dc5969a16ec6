#pragma once
// Envelope: a PacketWrapper read in place, and the stamp that names its sender.

#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/packet.h"

namespace parley {

/// The fields of a PacketWrapper; the views point into the bytes that were walked. Where a field
/// stands twice the last one counts, as in protobuf.
struct Envelope {
  PacketType type = PacketType::unknown;
  Bytes user_id;
  Bytes data;
  SessionId session_id;
};

/// Reads an envelope; nothing if the bytes do not walk cleanly to their end. No bytes at all are a
/// valid, empty envelope.
std::optional<Envelope> walk_envelope(Bytes wrapper);

/// Names the sender of the envelope at the end of `wrapper` by appending field 4: the last value of
/// a field wins, so the server's word beats the client's. Needs packet_stamp_bytes_max of room.
void stamp_sender(BufferBuilder& wrapper, SessionId sender);

}  // namespace parley
