#pragma once
// What to do with a packet from a client: a pure function of its bytes.

#include "base/bytes.h"
#include "wire/packet.h"

namespace parley {

enum class Action : std::uint8_t {
  relay,             ///< to everybody else in the room
  echo,              ///< an RTT probe: the same bytes back, the way they came
  request_keyframe,  ///< to the user it names, at most two a second
  report_health,     ///< consumed here
  drop_forged,       ///< what only the server may say
  drop_malformed,    ///< the envelope does not walk cleanly to its end
};

/// The verdict, and what was read on the way. The views point into the packet.
struct Verdict {
  Action action = Action::relay;
  PacketFacts facts;
  Bytes keyframe_of;  ///< of request_keyframe: the wanted user
  Bytes inner;        ///< the envelope's data
  SessionId said_by;  ///< whom the envelope names; a client may write anything there
};

/// Classifies a serialized PacketWrapper. MEDIA whose inner message cannot be read (end-to-end
/// encryption) is relayed: as audio when it is small, as video otherwise.
Verdict judge(Bytes wrapper);

}  // namespace parley
