#pragma once
// LocalBus: joins the shards of this process through their mailboxes.

#include <vector>

#include "actor/address.h"
#include "chat/bus.h"
#include "chat/chat_server.h"

namespace parley {

/// One for the process; every shard's ChatServer speaks through it, from that shard's thread. A
/// mailbox keeps the order in which tasks were put into it, whoever put them, which is what makes
/// the order causal.
class LocalBus final : public Bus {
 public:
  explicit LocalBus(ShardIndex shards) : shards_(shards) {}

  /// Names a shard's ChatServer; all of them before any thread starts, in order of their shards.
  void connect(Shard& shard, ChatServer& server) { ends_.push_back({&shard, &server}); }
  /// Forgets them: once no thread runs, what a dying shard still says reaches nobody.
  void disconnect() { ends_.clear(); }

  void tell(ShardIndex to, Note note) override;
  [[nodiscard]] bool offer(ShardIndex to, const RoomPacket& packet) override;
  [[nodiscard]] ShardIndex shards() const override { return shards_; }

 private:
  struct End {
    Shard* shard;
    ChatServer* server;
  };

  ShardIndex shards_;
  std::vector<End> ends_;
};

}  // namespace parley
