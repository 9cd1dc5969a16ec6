#include "chat/membership.h"

#include <utility>

#include "chat/chat_server.h"

namespace parley {

Membership::Membership(Membership&& other) noexcept
    : server_(std::exchange(other.server_, nullptr)), connection_(other.connection_) {}

Membership& Membership::operator=(Membership&& other) noexcept {
  if (this == &other) return *this;
  check(server_ == nullptr, "a membership is replaced before it was left");
  server_ = std::exchange(other.server_, nullptr);
  connection_ = other.connection_;
  return *this;
}

Membership::~Membership() {
  if (server_ != nullptr) server_->leave(connection_, server_->now_);
}

void Membership::activate(Now now) {
  if (server_ != nullptr) server_->activate(connection_, now);
}

bool Membership::publish(const Packet& packet, Now now) {
  return server_ == nullptr || server_->publish(connection_, packet, now);
}

void Membership::request_keyframe(const Packet& packet, std::string_view user_id, Now now) {
  if (server_ != nullptr) server_->route(connection_, packet, user_id, {}, now);
}

void Membership::tell_congestion(SessionId sender, const Packet& notice, Now now) {
  if (server_ != nullptr) server_->route(connection_, notice, {}, sender, now);
}

void Membership::leave(Now now) {
  if (server_ != nullptr) std::exchange(server_, nullptr)->leave(connection_, now);
}

}  // namespace parley
