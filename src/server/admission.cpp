#include "server/admission.h"

#include <utility>

#include "actor/shard.h"

namespace parley {

Admission::Admission(Shard& shard, const Census& census, const AdmissionRules& rules)
    : shard_(shard), census_(census), rules_(rules) {}

AcceptedSocket Admission::admit(int native_socket, std::string remote_address) {
  AcceptedSocket accepted{native_socket, std::move(remote_address), {}, {}};
  if (census_.connections() >= rules_.connections_max) {
    accepted.refusal = "connections_max";
    return accepted;
  }
  if (rules_.connections_per_address == 0) return accepted;
  std::size_t& from_there = by_address_[accepted.remote_address];
  if (from_there >= rules_.connections_per_address) {
    accepted.refusal = "connections_per_address";
    return accepted;
  }
  ++from_there;
  // The ticket's end is its only use: it may come on any shard.
  accepted.ticket =
      std::shared_ptr<void>(nullptr, [this, address = accepted.remote_address](void*) {
        shard_.post([this, address] { release(address); });
      });
  return accepted;
}

void Admission::release(const std::string& address) {
  const auto place = by_address_.find(address);
  if (place == by_address_.end()) return;
  if (--place->second == 0) by_address_.erase(place);
}

}  // namespace parley
