#include "bench/cpu_meter.h"

#include <gtest/gtest.h>

namespace parley::bench {
namespace {

ThreadCpu thread(pid_t pid, pid_t tid, Duration used) {
  return {.pid = pid, .tid = tid, .name = "shard", .used = used};
}

TEST(CpuUse, sums_all_threads_and_finds_the_busiest) {
  const CpuReading before{{thread(1, 1, 10ms), thread(1, 2, 50ms)}};
  const CpuReading after{{thread(1, 1, 40ms), thread(1, 2, 55ms), thread(1, 3, 7ms)}};

  const CpuUse use = difference(before, after);

  EXPECT_EQ(use.total, 42ms);
  EXPECT_EQ(use.busiest.tid, 1);
  EXPECT_EQ(use.busiest.used, 30ms);
}

TEST(CpuUse, tells_processes_apart) {
  const CpuReading before{{thread(1, 1, 10ms), thread(2, 2, 50ms)}};
  const CpuReading after{{thread(1, 1, 40ms), thread(2, 2, 55ms), thread(2, 3, 7ms)}};

  const CpuUse use = difference(before, after);

  EXPECT_EQ(use.by_process, (std::map<pid_t, Duration>{{1, 30ms}, {2, 12ms}}));
}

TEST(CpuUse, forgets_a_thread_that_ended) {
  const CpuReading before{{thread(1, 1, 10ms), thread(1, 2, 50ms)}};
  const CpuReading after{{thread(1, 1, 12ms)}};

  EXPECT_EQ(difference(before, after).total, 2ms);
}

}  // namespace
}  // namespace parley::bench
