#include "bench/churn_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <memory>

#include "bench/client.h"
#include "bench/cpu_meter.h"
#include "bench/crowd.h"
#include "bench/interrupt.h"
#include "bench/load_loop.h"
#include "bench/memory_meter.h"
#include "bench/packet_template.h"

namespace parley::bench {
namespace {

// A visit that is not over by then has failed.
constexpr auto visit_time_max = 10s;
// A relay remembers who left for two seconds; afterwards nothing of a visit shall be left.
constexpr Duration settle_time = 4s;

class ChurnLoad final : public ClientListener {
 public:
  ChurnLoad(const ChurnPlan& plan, const Target& target, LoadLoop& loop, Progress& progress)
      : plan_(plan), target_(target), loop_(loop), progress_(progress), run_(new_run()) {}

  Result<ChurnResult> run() {
    if (auto warm = churn_for(plan_.warmup); !warm) return fail(warm.error().message);
    result_ = {};
    result_.before = look();
    auto cpu_before = read();
    if (!cpu_before) return fail(cpu_before.error().message);
    const TimePoint began = monotonic_now();
    if (auto ran = churn_for(plan_.duration); !ran) return fail(ran.error().message);
    result_.wall = monotonic_now() - began;
    auto cpu_after = read();
    if (!cpu_after) return fail(cpu_after.error().message);
    if (!plan_.pids.empty()) result_.cpu = difference(*cpu_before, *cpu_after).total;
    result_.after = look();
    result_.is_interrupted = interrupted();
    return std::move(result_);
  }

 private:
  struct Visit {
    std::uint32_t number;
    TimePoint began;
    bool is_greeted = false;
    std::unique_ptr<Client> client;
  };

  /// Visits for `time`, and waits until the last is over and the relay has forgotten it.
  Result<void> churn_for(Duration time) {
    const TimePoint start = monotonic_now();
    const TimePoint end = start + time;
    const Duration interval(static_cast<std::int64_t>(60e9 / plan_.per_minute));
    for (TimePoint next = start; next < end && !interrupted();) {
      const TimePoint now = monotonic_now();
      for (; next <= now && next < end; next += interval)
        if (auto begun = begin_visit(now); !begun) return begun;
      loop_.run_once(std::min(next, now + 50ms));
      sweep(monotonic_now());
      if (progress_.is_due(now))
        progress_.show(fmt::format("churn · {} visits · {} under way · {} failed · {:.0f} s left",
                                   result_.begun, visits_.size(), failed(),
                                   std::chrono::duration<double>(end - now).count()));
    }
    while (!visits_.empty() && !interrupted()) {
      loop_.run_once(monotonic_now() + 50ms);
      sweep(monotonic_now());
    }
    const TimePoint settled = monotonic_now() + settle_time;
    while (monotonic_now() < settled && !interrupted()) loop_.run_once(settled);
    return {};
  }

  Result<void> begin_visit(TimePoint now) {
    const std::uint32_t number = next_number_++;
    const auto room = number % static_cast<std::uint32_t>(plan_.rooms);
    Visit& visit = visits_.emplace_back(Visit{number, now, false, nullptr});
    visit.client =
        make_client(transport_of(plan_.transports, number % 2, 2, 2), number, loop_, *this);
    ++result_.begun;
    return visit.client->connect(target_,
                                 target_.path(number, bench_user(number), bench_room(run_, room)));
  }

  void on_open(Client&) override {}

  void on_message(Client& client, const Message& message) override {
    Visit& visit = find(client);
    if (visit.is_greeted) return;
    visit.is_greeted = true;
    result_.join.record(message.read_at - visit.began);
    client.send(heartbeat_frame(bench_user(visit.number), client.mask()));
    client.close();
  }

  void on_end(Client& client) override {
    if (client.end_reason() == Client::closed_by_us)
      ++result_.completed;
    else
      ++result_.failures[client.end_reason()];
  }

  Visit& find(const Client& client) {
    return *std::find_if(visits_.begin(), visits_.end(),
                         [&client](const Visit& v) { return v.number == client.number(); });
  }

  /// Forgets visits that are over and ends those that take too long.
  void sweep(TimePoint now) {
    for (Visit& visit : visits_)
      if (now - visit.began > visit_time_max)
        visit.client->abort(visit.is_greeted ? "no answer to the goodbye" : "no greeting");
    visits_.remove_if([](const Visit& v) { return v.client->state() == Client::State::ended; });
  }

  [[nodiscard]] int failed() const {
    int sum = 0;
    for (const auto& [reason, count] : result_.failures) sum += count;
    return sum;
  }

  [[nodiscard]] Holdings look() const {
    return {resident_bytes(plan_.pids), open_descriptors(plan_.pids)};
  }

  Result<CpuReading> read() { return plan_.pids.empty() ? CpuReading{} : read_cpu(plan_.pids); }

  const ChurnPlan& plan_;
  const Target& target_;
  LoadLoop& loop_;
  Progress& progress_;
  std::uint32_t run_;
  std::uint32_t next_number_ = 0;
  // A few dozen at a time: a list, because clients must stay where they are.
  std::list<Visit> visits_;
  ChurnResult result_;
};

}  // namespace

Result<ChurnResult> run_churn_load(const ChurnPlan& plan, const Target& target,
                                   Progress& progress) {
  auto loop = LoadLoop::create();
  if (!loop) return fail(loop.error().message);
  return ChurnLoad(plan, target, **loop, progress).run();
}

}  // namespace parley::bench
