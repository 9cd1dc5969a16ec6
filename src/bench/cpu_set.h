#pragma once
// CpuSet: which processors a process may use, and keeping server and client off each other's.

#include <sched.h>

#include <string>
#include <vector>

namespace parley::bench {

/// The processors this process may run on, in ascending order.
std::vector<int> allowed_cpus();

/// Who runs where during a measurement. Empty lists mean: wherever the system likes.
struct CpuPlan {
  std::vector<int> server;
  std::vector<int> client;
};

/// The last allowed processor for the client and, of the others, one for each of `shards` (as far
/// as they go) for the server. With a single processor nobody is bound.
CpuPlan plan_cpus(int shards);

/// Binds the calling thread (in a fresh child: the process) to `cpus`; does nothing for none.
/// Async-signal-safe.
void bind_to(const cpu_set_t& cpus);
cpu_set_t to_cpu_set(const std::vector<int>& cpus);

/// "0", "0,1", "any".
std::string describe(const std::vector<int>& cpus);

/// Binds the calling thread for as long as it lives.
class BoundThread {
 public:
  explicit BoundThread(const std::vector<int>& cpus);
  ~BoundThread();
  BoundThread(const BoundThread&) = delete;
  BoundThread& operator=(const BoundThread&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace parley::bench
