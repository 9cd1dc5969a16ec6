#pragma once
// Address: how an actor is spoken to from any thread.

#include <concepts>
#include <utility>

#include "actor/shard.h"

namespace parley {

/// An actor takes messages of type M if it has `handle(M, Now)`.
template <class Actor, class M>
concept Handles =
    requires(Actor& actor, M message, Now now) { actor.handle(std::move(message), now); };

/// Names an actor on a shard. Keeps nobody alive: the actor outlives its shard's last turn.
template <class Actor>
class Address {
 public:
  Address(Shard& shard, Actor& actor) : shard_(&shard), actor_(&actor) {}

  /// Hands the message over; the actor handles it on its own shard, in order of arrival.
  template <class M>
    requires Handles<Actor, M>
  void tell(M message) const {
    shard_->post([shard = shard_, actor = actor_, message = std::move(message)]() mutable {
      actor->handle(std::move(message), shard->now());
    });
  }

 private:
  Shard* shard_;
  Actor* actor_;
};

}  // namespace parley
