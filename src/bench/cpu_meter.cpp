#include "bench/cpu_meter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

namespace parley::bench {
namespace {

std::optional<pid_t> to_tid(const std::string& name) {
  pid_t tid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), tid);
  if (error != std::errc{} || end != name.data() + name.size()) return {};
  return tid;
}

}  // namespace

Result<CpuReading> read_cpu(const std::vector<pid_t>& pids) {
  CpuReading reading;
  for (const pid_t pid : pids) {
    const std::string tasks = fmt::format("/proc/{}/task", pid);
    std::error_code error;
    std::filesystem::directory_iterator task(tasks, error);
    if (error) return fail(fmt::format("process {} cannot be measured: {}", pid, error.message()));
    for (; task != std::filesystem::directory_iterator(); task.increment(error)) {
      const auto tid = to_tid(task->path().filename().string());
      std::int64_t nanos = 0;
      // A thread may end while the directory is read.
      if (!tid || !(std::ifstream(task->path() / "schedstat") >> nanos)) continue;
      ThreadCpu thread{.pid = pid, .tid = *tid, .name = {}, .used = Duration(nanos)};
      std::ifstream comm(task->path() / "comm");
      std::getline(comm, thread.name);
      reading.threads.push_back(std::move(thread));
    }
    if (reading.threads.empty())
      return fail(fmt::format("the kernel keeps no schedstat for process {}", pid));
  }
  return reading;
}

CpuUse difference(const CpuReading& before, const CpuReading& after) {
  CpuUse use;
  for (const ThreadCpu& thread : after.threads) {
    const auto earlier = std::find_if(
        before.threads.begin(), before.threads.end(),
        [&thread](const ThreadCpu& t) { return t.tid == thread.tid && t.pid == thread.pid; });
    ThreadCpu used = thread;
    if (earlier != before.threads.end()) used.used -= earlier->used;
    use.total += used.used;
    use.by_process[used.pid] += used.used;
    if (used.used > use.busiest.used) use.busiest = used;
  }
  return use;
}

Duration own_thread_cpu() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace parley::bench
