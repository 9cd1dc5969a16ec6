#pragma once
// DiagnosticsSink: where a shard's reports about itself and its clients go.

#include <string>

#include "base/bytes.h"

namespace parley {

/// On the caller's shard. Takes what it can and counts what it cannot: nothing here waits.
class DiagnosticsSink {
 public:
  /// `payload` is valid during the call only.
  virtual void publish(const std::string& subject, Bytes payload) = 0;

 protected:
  ~DiagnosticsSink() = default;
};

}  // namespace parley
