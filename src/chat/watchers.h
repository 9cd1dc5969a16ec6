#pragma once
// Watchers: who is told how a shard's sessions fare.

#include <string_view>

namespace parley {

class HealthProcessor;
class ServerDiagnostics;

/// What they are told in; either may be absent. On the shard's thread; they outlive its sessions.
struct Watchers {
  ServerDiagnostics* connections = nullptr;
  HealthProcessor* health = nullptr;
  std::string_view protocol;  ///< how these sessions come, as those who watch call it
};

}  // namespace parley
