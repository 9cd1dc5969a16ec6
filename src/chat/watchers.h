#pragma once
// Watchers: who is told how a shard's sessions fare.

namespace parley {

class HealthProcessor;
class ServerDiagnostics;

/// Either may be absent. On the shard's thread; they outlive its sessions.
struct Watchers {
  ServerDiagnostics* connections = nullptr;
  HealthProcessor* health = nullptr;
};

}  // namespace parley
