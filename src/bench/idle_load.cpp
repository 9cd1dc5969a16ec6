#include "bench/idle_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "bench/cpu_meter.h"
#include "bench/crowd.h"
#include "bench/interrupt.h"
#include "bench/load_loop.h"
#include "bench/memory_meter.h"

namespace parley::bench {
namespace {

// What the first sessions of a process allocate once and for all is no price of a session.
constexpr int sessions_before = 20;
constexpr Duration settle_time = 300ms;
constexpr Duration quiet_time = 3s;

class IdleLoad {
 public:
  IdleLoad(const Shape& shape, const std::vector<pid_t>& pids, const Target& target, LoadLoop& loop,
           Progress& progress)
      : shape_(shape), pids_(pids), target_(target), loop_(loop), progress_(progress) {}

  Result<IdleResult> run() {
    if (auto warm = warm_up(); !warm) return fail(warm.error().message);
    result_.sessions = shape_.sessions;
    Crowd crowd(loop_, target_, nullptr);
    fill(crowd, shape_.sessions);
    if (auto joined = join(crowd); !joined) return fail(joined.error().message);
    if (auto quiet = watch(crowd, quiet_time, result_.cpu_quiet); !quiet)
      return fail(quiet.error().message);
    if (auto pinged = watch(crowd, shape_.duration, result_.cpu_pinged); !pinged)
      return fail(pinged.error().message);
    result_.lost_connections = crowd.lost();
    result_.is_interrupted = interrupted();
    crowd.leave_all();
    return std::move(result_);
  }

 private:
  void fill(Crowd& crowd, int sessions) const {
    const std::uint32_t run = new_run();
    for (std::size_t i = 0; i < static_cast<std::size_t>(sessions); ++i)
      crowd.add(bench_user(i), bench_room(run, i / 2),
                transport_of(shape_.transports, i % 2, 2, 2));
  }

  Result<void> warm_up() {
    Crowd crowd(loop_, target_, nullptr);
    fill(crowd, std::min(sessions_before, shape_.sessions));
    if (auto joined = crowd.join_all(progress_); !joined) return joined;
    crowd.leave_all();
    idle_for(crowd, settle_time);
    return {};
  }

  Result<void> join(Crowd& crowd) {
    const auto memory_before = resident_bytes(pids_);
    auto before = read();
    if (!before) return fail(before.error().message);
    const TimePoint began = monotonic_now();
    if (auto joined = crowd.join_all(progress_); !joined) return joined;
    result_.join_wall = monotonic_now() - began;
    idle_for(crowd, settle_time);
    auto after = read();
    if (!after) return fail(after.error().message);
    if (pids_.empty()) return {};
    result_.join_cpu = difference(*before, *after).total;
    const auto memory_after = resident_bytes(pids_);
    if (memory_before && memory_after)
      result_.bytes_per_session = static_cast<double>(*memory_after - *memory_before) /
                                  static_cast<double>(shape_.sessions);
    return {};
  }

  /// Watches the crowd for `time`; `cost` becomes processor time per session and second.
  Result<void> watch(Crowd& crowd, Duration time, std::optional<Duration>& cost) {
    auto before = read();
    if (!before) return fail(before.error().message);
    const TimePoint began = monotonic_now();
    idle_for(crowd, time);
    auto after = read();
    if (!after) return fail(after.error().message);
    const auto seconds = std::chrono::duration<double>(monotonic_now() - began).count();
    if (pids_.empty() || interrupted()) return {};
    const auto total = static_cast<double>(difference(*before, *after).total.count());
    cost = Duration(static_cast<std::int64_t>(total / shape_.sessions / seconds));
    return {};
  }

  void idle_for(Crowd& crowd, Duration time) {
    const TimePoint end = monotonic_now() + time;
    for (TimePoint now = monotonic_now(); now < end && !interrupted(); now = monotonic_now()) {
      crowd.keep_alive(now);
      if (progress_.is_due(now))
        progress_.show(fmt::format("{} · {} sessions · {:.0f} s left", shape_.name, crowd.size(),
                                   std::chrono::duration<double>(end - now).count()));
      const TimePoint next = std::min(end, now + 500ms);
      while (monotonic_now() < next && !interrupted()) loop_.run_once(next);
    }
  }

  Result<CpuReading> read() { return pids_.empty() ? CpuReading{} : read_cpu(pids_); }

  const Shape& shape_;
  const std::vector<pid_t>& pids_;
  const Target& target_;
  LoadLoop& loop_;
  Progress& progress_;
  IdleResult result_;
};

}  // namespace

std::optional<double> IdleResult::joins_per_core_second() const {
  if (!join_cpu || *join_cpu <= Duration::zero()) return {};
  return sessions / std::chrono::duration<double>(*join_cpu).count();
}

Result<IdleResult> run_idle_load(const Shape& shape, const std::vector<pid_t>& pids,
                                 const Target& target, Progress& progress) {
  auto loop = LoadLoop::create();
  if (!loop) return fail(loop.error().message);
  return IdleLoad(shape, pids, target, **loop, progress).run();
}

}  // namespace parley::bench
