#include "bench/bench.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <utility>

#include "bench/cpu_meter.h"
#include "bench/cpu_set.h"
#include "bench/floor.h"
#include "bench/idle_load.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "bench/report.h"
#include "bench/room_load.h"

namespace parley::bench {
namespace {

constexpr int exit_error = 1;
constexpr int exit_missed = 3;

/// Every connection is a descriptor, here and in a server started from here.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// What the descriptor limit leaves for connections.
std::size_t connections_possible() {
  constexpr std::size_t other_descriptors = 50;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const auto possible = static_cast<std::size_t>(limit.rlim_cur);
  return possible > other_descriptors ? possible - other_descriptors : 0;
}

std::size_t connections_of(const Shape& shape) {
  return static_cast<std::size_t>(shape.kind == ShapeKind::idle ? shape.sessions
                                                                : shape.rooms * shape.members);
}

/// The relay under load: ours, alive as long as this object, or somebody's.
struct Relay {
  std::unique_ptr<ServerProcess> process;
  Target target;
  std::vector<pid_t> pids;
};

class Bench {
 public:
  explicit Bench(const BenchPlan& plan) : plan_(plan), cpus_(plan_cpus(plan.server.shards)) {}

  Result<void> run() {
    const BoundThread bound(cpus_.client);
    if (plan_.churn) return run_churn();
    for (const Shape& shape : plan_.shapes)
      if (connections_of(shape) > connections_possible())
        return fail(
            fmt::format("{} needs {} connections, but the limit of open files allows {}; "
                        "raise it with ulimit -n",
                        shape.name, connections_of(shape), connections_possible()));
    for (const Shape& shape : plan_.shapes) {
      if (interrupted()) break;
      auto ran = shape.kind == ShapeKind::idle ? run_idle(shape) : run_rooms(shape);
      if (!ran) return ran;
    }
    return {};
  }

  [[nodiscard]] const std::vector<Report>& reports() const { return reports_; }

  [[nodiscard]] Circumstances circumstances() const {
    return {.target = target_name_,
            .pids = plan_.pids,
            .server_cpus = server_cpus(),
            .client_cpus = describe(cpus_.client),
            .shards = plan_.target ? 0 : plan_.server.shards};
  }

  [[nodiscard]] bool is_missed() const {
    return std::any_of(reports_.begin(), reports_.end(),
                       [](const Report& report) { return !all_hold(criteria_of(report)); });
  }

  Progress& progress() { return progress_; }

 private:
  /// A relay that is not ours runs where it likes.
  [[nodiscard]] std::string server_cpus() const {
    return plan_.target ? "any" : describe(cpus_.server);
  }

  Result<Relay> start_relay(const LinkPlan& link) {
    Relay relay;
    relay.pids = plan_.pids;
    if (plan_.target) {
      relay.target = *plan_.target;
    } else {
      ServerOptions options = plan_.server;
      options.cpus = cpus_.server;
      progress_.show("starting a server");
      auto process = ServerProcess::start(options);
      if (!process) return fail(process.error().message);
      if (auto found = find_ports(relay.target, (*process)->ports(), options.takes_wss); !found)
        return fail(found.error().message);
      relay.process = std::move(*process);
      relay.pids.push_back(relay.process->pid());
      if (plan_.token_source) {
        relay.target.tokens = plan_.token_source->tokens;
        relay.target.make_token = plan_.token_source->make_token;
      }
    }
    relay.target.link = link;
    introduce(relay);
    return relay;
  }

  static Result<void> find_ports(Target& target, const ReadyPorts& ports, bool takes_wss) {
    if (ports.webtransport != 0) {
      auto found = add_url(target, fmt::format("https://127.0.0.1:{}", ports.webtransport));
      if (!found) return found;
    }
    return add_url(target, fmt::format("{}://127.0.0.1:{}", takes_wss ? "wss" : "ws", ports.http));
  }

  [[nodiscard]] static std::string name_of(const Target& target) {
    const bool is_both = target.websocket.port != 0 && target.webtransport.port != 0;
    std::string name;
    if (target.websocket.port != 0)
      name = (target.websocket.is_tls ? "wss://" : "ws://") + target.websocket.authority();
    if (is_both) name += " and ";
    if (target.webtransport.port != 0) name += "https://" + target.webtransport.authority();
    return name;
  }

  /// Says once what is measured where.
  void introduce(const Relay& relay) {
    if (!target_name_.empty()) return;
    target_name_ = plan_.target
                       ? name_of(relay.target)
                       : fmt::format("a server of our own with {} shard(s)", plan_.server.shards);
    if (plan_.is_json) return;
    progress_.clear();
    fmt::print("parley bench · {} · processor {} for the server, {} for the client\n\n",
               target_name_, server_cpus(), describe(cpus_.client));
    std::fflush(stdout);
    if (plan_.target && plan_.pids.empty())
      fmt::print("Without --pid the server's processor time and memory are unknown.\n\n");
  }

  Result<std::vector<Duration>> measure_floor_if_wanted() {
    const bool is_of_use = !plan_.target || !plan_.pids.empty();
    if (!is_of_use || plan_.floor_runs == 0) return std::vector<Duration>{};
    progress_.show("measuring the floor of the machine");
    return measure_floor(cpus_, plan_.floor_runs);
  }

  Result<void> run_rooms(const Shape& shape) {
    // What was measured after one shape was measured before the next.
    if (floor_.empty()) {
      auto before = measure_floor_if_wanted();
      if (!before) return fail(before.error().message);
      floor_ = std::move(*before);
    }
    auto relay = start_relay(shape.link);
    if (!relay) return fail(relay.error().message);
    RoomReport report{
        .plan = plan_of(shape, relay->pids), .result = {}, .floor = {}, .paced_floor = {}};
    auto result = run_room_load(report.plan, relay->target, progress_);
    if (!result) return fail(fmt::format("{}: {}", shape.name, result.error().message));
    relay->process.reset();
    report.result = std::move(*result);
    if (!floor_.empty()) {
      progress_.show("measuring a bare loop at the shape's pace");
      const auto paced = measure_paced_floor(cpus_, shape.deliveries_per_second());
      if (!paced) return fail(paced.error().message);
      report.paced_floor = *paced;
    }
    auto after = measure_floor_if_wanted();
    if (!after) return fail(after.error().message);
    floor_.insert(floor_.end(), after->begin(), after->end());
    report.floor = summarize(floor_);
    floor_ = std::move(*after);
    add(std::move(report));
    return {};
  }

  [[nodiscard]] RoomLoadPlan plan_of(const Shape& shape, const std::vector<pid_t>& pids) const {
    if (!plan_.stall) return plain_plan(shape, pids);
    const StallPlan& stall = *plan_.stall;
    return {.shape = shape,
            .phases = {{"warm-up", shape.warmup, false, false},
                       {"before", stall.before, false, true},
                       {"stall", stall.duration, true, true},
                       {"after", stall.after, false, true}},
            .stalling = stall.receivers,
            .pids = pids};
  }

  Result<void> run_idle(const Shape& shape) {
    auto relay = start_relay(shape.link);
    if (!relay) return fail(relay.error().message);
    auto result = run_idle_load(shape, relay->pids, relay->target, progress_);
    if (!result) return fail(fmt::format("{}: {}", shape.name, result.error().message));
    add(IdleReport{shape, std::move(*result)});
    return {};
  }

  Result<void> run_churn() {
    auto relay = start_relay(plan_.churn->link);
    if (!relay) return fail(relay.error().message);
    ChurnPlan churn = *plan_.churn;
    churn.pids = relay->pids;
    auto result = run_churn_load(churn, relay->target, progress_);
    if (!result) return fail(fmt::format("churn: {}", result.error().message));
    add(ChurnReport{std::move(churn), std::move(*result)});
    return {};
  }

  void add(Report report) {
    progress_.clear();
    if (!plan_.is_json) {
      fmt::print("{}\n", for_people(report));
      std::fflush(stdout);
    }
    reports_.push_back(std::move(report));
  }

  const BenchPlan& plan_;
  CpuPlan cpus_;
  Progress progress_;
  std::string target_name_;
  std::vector<Duration> floor_;
  std::vector<Report> reports_;
};

}  // namespace

int run_bench(const BenchPlan& plan) {
  raise_descriptor_limit();
  const InterruptGuard guard;
  Bench bench(plan);
  const auto ran = bench.run();
  bench.progress().clear();
  if (plan.is_json) fmt::print("{}", for_programs(bench.circumstances(), bench.reports()));
  if (!ran) {
    fmt::print(stderr, "parley bench: {}\n", ran.error().message);
    return exit_error;
  }
  return plan.is_enforced && bench.is_missed() ? exit_missed : 0;
}

}  // namespace parley::bench
