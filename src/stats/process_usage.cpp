#include "stats/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace parley {
namespace {

// The fields of /proc/self/stat behind the program's name, which may itself hold blanks: field 3 of
// proc(5) is the first.
std::istringstream stat_fields() {
  std::ifstream in("/proc/self/stat");
  const std::string line(std::istreambuf_iterator<char>(in), {});
  const auto name_end = line.rfind(')');
  return std::istringstream(name_end == std::string::npos ? "" : line.substr(name_end + 1));
}

// When the machine started, in seconds since 1970.
double boot_time() {
  std::ifstream in("/proc/stat");
  std::string word;
  while (in >> word) {
    if (word == "btime") {
      double seconds = 0;
      in >> seconds;
      return seconds;
    }
    std::getline(in, word);
  }
  return 0;
}

std::uint64_t count_open_fds() {
  std::error_code error;
  std::filesystem::directory_iterator walk("/proc/self/fd", error);
  if (error) return 0;
  std::uint64_t count = 0;
  for (; walk != std::filesystem::directory_iterator(); walk.increment(error)) {
    if (error) return 0;
    ++count;
  }
  return count == 0 ? 0 : count - 1;  // one of them reads the folder
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));

  std::array<std::uint64_t, 50> fields{};
  auto in = stat_fields();
  std::string state;
  in >> state;
  for (std::size_t field = 4; field < fields.size(); ++field) {
    std::int64_t value = 0;
    if (!(in >> value)) break;
    fields[field] = static_cast<std::uint64_t>(value);
  }
  usage.cpu_seconds = static_cast<double>(fields[14] + fields[15]) / ticks;
  usage.threads = fields[20];
  usage.start_time_seconds = boot_time() + static_cast<double>(fields[22]) / ticks;
  usage.virtual_bytes = fields[23];
  usage.resident_bytes = fields[24] * page;

  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) usage.max_fds = files.rlim_cur;
  usage.open_fds = count_open_fds();
  return usage;
}

}  // namespace parley
