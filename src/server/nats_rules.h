#pragma once
// How a program of ours reaches NATS.

#include <string>
#include <utility>

#include "bus/nats_client.h"
#include "server/config.h"

namespace parley {

/// `name` is how NATS lists us.
[[nodiscard]] inline NatsRules nats_rules(const Config::Bus& bus, std::string name) {
  NatsRules rules;
  rules.url = bus.url;
  rules.name = std::move(name);
  rules.credentials_file = bus.credentials;
  rules.ca_file = bus.ca;
  rules.cert_file = bus.cert;
  rules.key_file = bus.key;
  return rules;
}

}  // namespace parley
