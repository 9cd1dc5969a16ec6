#pragma once
// Admission: which of the connections that arrive are let in.

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "http/http_connections.h"
#include "server/census.h"

namespace parley {

class Shard;

struct AdmissionRules {
  std::size_t connections_max = 120'000;
  std::size_t connections_per_address = 0;  ///< 0 = no limit
};

/// Counts connections by address, if that is wanted. Lives on the shard that accepts; a connection
/// that ends elsewhere gives its place back by a note to it.
class Admission {
 public:
  /// `shard` must outlive every ticket.
  Admission(Shard& shard, const Census& census, const AdmissionRules& rules);

  /// Lets the connection in, or names the reason why not.
  [[nodiscard]] AcceptedSocket admit(int native_socket, std::string remote_address);

 private:
  void release(const std::string& address);

  Shard& shard_;
  const Census& census_;
  const AdmissionRules rules_;
  std::unordered_map<std::string, std::size_t> by_address_;
};

}  // namespace parley
