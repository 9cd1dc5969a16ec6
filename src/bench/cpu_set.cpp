#include "bench/cpu_set.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>

namespace parley::bench {

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
  return cpus;
}

CpuPlan plan_cpus(int shards) {
  std::vector<int> cpus = allowed_cpus();
  if (cpus.size() < 2) return {};
  CpuPlan plan;
  plan.client = {cpus.back()};
  cpus.pop_back();
  const auto wanted = static_cast<std::size_t>(std::max(shards, 1));
  cpus.resize(std::min(cpus.size(), wanted));
  plan.server = cpus;
  return plan;
}

cpu_set_t to_cpu_set(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(static_cast<std::size_t>(cpu), &set);
  return set;
}

void bind_to(const cpu_set_t& cpus) {
  if (CPU_COUNT(&cpus) > 0) ::sched_setaffinity(0, sizeof cpus, &cpus);
}

std::string describe(const std::vector<int>& cpus) {
  return cpus.empty() ? "any" : fmt::format("{}", fmt::join(cpus, ","));
}

BoundThread::BoundThread(const std::vector<int>& cpus) {
  ::sched_getaffinity(0, sizeof before_, &before_);
  bind_to(to_cpu_set(cpus));
}

BoundThread::~BoundThread() { bind_to(before_); }

}  // namespace parley::bench
