#include "bench/memory_meter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace parley::bench {
namespace {

std::optional<std::int64_t> statm_bytes(pid_t pid) {
  std::int64_t size = 0;
  std::int64_t resident = 0;
  if (!(std::ifstream(fmt::format("/proc/{}/statm", pid)) >> size >> resident)) return {};
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::optional<std::int64_t> rollup_bytes(pid_t pid) {
  std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
  for (std::string word; rollup >> word;) {
    std::int64_t kilobytes = 0;
    if (word == "Rss:" && rollup >> kilobytes) return kilobytes * 1024;
  }
  return statm_bytes(pid);
}

template <class Read>
auto sum_over(const std::vector<pid_t>& pids, Read read) -> decltype(read(pid_t{})) {
  decltype(read(pid_t{})) sum = 0;
  for (const pid_t pid : pids) {
    const auto value = read(pid);
    if (!value) return {};
    *sum += *value;
  }
  return pids.empty() ? decltype(read(pid_t{})){} : sum;
}

}  // namespace

std::optional<std::int64_t> resident_bytes(const std::vector<pid_t>& pids) {
  return sum_over(pids, rollup_bytes);
}

std::optional<std::int64_t> resident_bytes_quick(const std::vector<pid_t>& pids) {
  return sum_over(pids, statm_bytes);
}

std::optional<int> open_descriptors(const std::vector<pid_t>& pids) {
  return sum_over(pids, [](pid_t pid) -> std::optional<int> {
    std::error_code error;
    std::filesystem::directory_iterator fds(fmt::format("/proc/{}/fd", pid), error);
    if (error) return {};
    return static_cast<int>(std::distance(fds, std::filesystem::directory_iterator()));
  });
}

}  // namespace parley::bench
