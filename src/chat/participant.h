#pragma once
// Participant: what a room sees of a session.

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "chat/outbox.h"
#include "chat/shard_stats.h"
#include "wire/packet.h"

namespace parley {

/// Where a connection stands in its session. waiting: it resumes a session whose old connection
/// still lives. testing: joined, has said nothing yet. active: what it sends is relayed.
enum class Standing : std::uint8_t { waiting, testing, active };

/// What a joining connection is told.
struct Welcome {
  SessionId session;
  UnixMillis start;
  std::string creator;
  std::vector<Packet> roster;  ///< a JOINED for each active session
  Standing standing = Standing::testing;
};

/// A session as its room sees it: something that may take a packet. Lives on one shard and is
/// called there only.
class Participant {
 public:
  /// Queues the packet or drops it; never calls back, so a room may be walked while delivering.
  virtual Delivery deliver(const Packet& packet, TimePoint now) = 0;
  /// The answer to joining; may come from within join(). Once more, with another session, if the
  /// one for which this connection waits ends first.
  virtual void on_welcome(const Welcome& welcome, Now now) = 0;
  virtual void on_standing(Standing standing, Now now) = 0;
  /// What made publish() say no has arrived: the session may send again.
  virtual void on_go_on() = 0;
  /// The room has let go of this connection; `text` is for the client.
  virtual void on_removed(EndReason reason, std::string_view text, Now now) = 0;

 protected:
  ~Participant() = default;
};

}  // namespace parley
