#pragma once
// Crowd: the participants of a run: it brings all of them into their rooms, keeps the silent ones
// alive, and remembers who was lost and why.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/client.h"
#include "bench/load_loop.h"
#include "bench/packet_head.h"
#include "bench/progress.h"
#include "bench/target.h"
#include "bench/transport.h"

namespace parley::bench {

/// Who hears the packets of a crowd that carry a mark.
class MarkListener {
 public:
  virtual void on_mark(std::size_t member, const Mark& mark, const Message& message) = 0;

 protected:
  ~MarkListener() = default;
};

class Crowd final : public ClientListener {
 public:
  /// `listener` may be null: then packets are only swallowed.
  Crowd(LoadLoop& loop, const Target& target, MarkListener* listener)
      : loop_(loop), target_(target), listener_(listener) {}

  /// A further participant, who does not connect yet.
  void add(std::string user, std::string room, Transport transport);

  /// Connects everybody, some at a time, and waits until the relay has greeted each. The error
  /// names the first reason why one was not let in. On Ctrl-C the error is "interrupted".
  Result<void> join_all(Progress& progress);

  /// Has everybody who has been silent for long say that he is there. Call about once a second.
  void keep_alive(TimePoint now);

  /// Everybody says goodbye; waits a moment for the answers.
  void leave_all();

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] Client& client(std::size_t member) { return *members_[member].client; }
  [[nodiscard]] const std::string& user(std::size_t member) const { return members_[member].user; }

  /// Connections that ended after they had joined and without our wish, by reason.
  [[nodiscard]] const std::map<std::string, int>& lost() const { return lost_; }

 private:
  struct Member {
    std::string user;
    std::string room;
    std::unique_ptr<Client> client;
    bool is_greeted = false;
  };

  void on_open(Client&) override {}
  void on_message(Client& client, const Message& message) override;
  void on_end(Client& client) override;
  Result<void> begin(std::size_t member);

  LoadLoop& loop_;
  const Target& target_;
  MarkListener* listener_;
  std::vector<Member> members_;
  std::size_t greeted_ = 0;
  bool is_leaving_ = false;
  std::string refusal_;
  std::map<std::string, int> lost_;
};

/// A name for the `index`-th participant.
std::string bench_user(std::size_t index);
/// A name for the `index`-th room of run `run`: two runs never meet.
std::string bench_room(std::uint32_t run, std::size_t index);
/// A number for a run.
std::uint32_t new_run();

}  // namespace parley::bench
