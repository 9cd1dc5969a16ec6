#include "bench/room_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "bench/crowd.h"
#include "bench/interrupt.h"
#include "bench/ledger.h"
#include "bench/load_loop.h"
#include "bench/schedule.h"
#include "bench/sender.h"

namespace parley::bench {
namespace {

constexpr Duration tick = 1ms;
constexpr Duration late_tick = 2ms;
// A stamp adds at most one tag and a ten-byte varint.
constexpr std::size_t stamp_bytes_max = 11;
constexpr auto heartbeat_interval = 5s;
// After the last packet: so long may nothing arrive before the rest counts as lost, and in all.
constexpr auto drain_silence = 500ms;
constexpr auto drain_time_max = 3s;
// Activations make the relay announce everybody to everybody; that is no part of the shape.
constexpr auto settle_time = 300ms;
constexpr auto memory_sample_interval = 100ms;

/// One sender's stream and who it belongs to.
struct ActiveStream {
  std::size_t member;
  SenderStream stream;
  std::uint32_t sent = 0;
};

class RoomLoad final : MarkListener {
 public:
  RoomLoad(const RoomLoadPlan& plan, const Target& target, LoadLoop& loop, Progress& progress)
      : plan_(plan),
        shape_(plan.shape),
        loop_(loop),
        progress_(progress),
        members_per_room_(static_cast<std::size_t>(shape_.members)),
        senders_per_room_(static_cast<std::size_t>(shape_.senders)),
        run_(new_run()),
        crowd_(loop, target, this),
        // The last ones of the first room.
        stall_(members_per_room_ - static_cast<std::size_t>(plan.stalling),
               static_cast<std::size_t>(plan.stalling), senders_per_room_) {
    result_.phases.resize(plan_.phases.size());
  }

  Result<RoomLoadResult> run() {
    populate();
    if (auto joined = crowd_.join_all(progress_); !joined) return fail(joined.error().message);
    activate();
    if (auto ran = run_phases(); !ran) return fail(ran.error().message);
    drain();
    if (auto finished = finish(); !finished) return fail(finished.error().message);
    crowd_.leave_all();
    return std::move(result_);
  }

 private:
  /// What one member has received, and the number of the next packet it sends.
  struct Books {
    Ledger ledger;
    std::uint32_t next_sequence = 0;
  };

  void populate() {
    const auto rooms = static_cast<std::size_t>(shape_.rooms);
    for (std::size_t i = 0; i < rooms * members_per_room_; ++i) {
      crowd_.add(bench_user(i), bench_room(run_, i / members_per_room_), transport_of_member(i));
      books_.push_back({Ledger(senders_per_room_)});
    }
    const std::size_t senders = rooms * senders_per_room_;
    std::vector<Cadence> cadences;
    for (std::size_t i = 0; i < senders; ++i) {
      // Neighbours in the order of phases are in different rooms.
      const std::size_t member = i % rooms * members_per_room_ + i / rooms;
      for (SenderStream& stream :
           make_streams(shape_, crowd_.user(member), i, senders, crowd_.client(member).mask())) {
        cadences.push_back(stream.cadence());
        streams_.push_back({member, std::move(stream)});
      }
    }
    schedule_.emplace(std::move(cadences));
  }

  [[nodiscard]] Transport transport_of_member(std::size_t member) const {
    return transport_of(shape_.transports, member % members_per_room_, senders_per_room_,
                        members_per_room_);
  }

  /// Silent members say one thing, so that they are participants like the others.
  void activate() {
    for (std::size_t i = 0; i < crowd_.size(); ++i)
      if (i % members_per_room_ >= senders_per_room_) send_heartbeat(i);
    const TimePoint settled = monotonic_now() + settle_time;
    while (monotonic_now() < settled && !interrupted()) loop_.run_once(settled);
  }

  void send_heartbeat(std::size_t member) {
    Client& client = crowd_.client(member);
    client.send(heartbeat_frame(crowd_.user(member), client.mask()));
  }

  Result<void> run_phases() {
    start_ = monotonic_now();
    TimePoint phase_end = start_;
    for (phase_ = 0; phase_ < plan_.phases.size() && !interrupted(); ++phase_) {
      if (auto begun = begin_phase(); !begun) return begun;
      phase_end += plan_.phases[phase_].duration;
      run_until(phase_end);
    }
    phase_ = plan_.phases.size() - 1;
    stop_stall();
    result_.is_interrupted = interrupted();
    result_.client.cpu_share = share_of_wall(own_thread_cpu() - own_cpu_before_);
    return {};
  }

  Result<void> begin_phase() {
    const Phase& phase = plan_.phases[phase_];
    phase_began_ = monotonic_now();
    if (phase.is_counted && !is_counting_) {
      is_counting_ = true;
      if (auto read = read_server_cpu(cpu_before_); !read) return read;
      own_cpu_before_ = own_thread_cpu();
      counted_since_ = monotonic_now();
    }
    if (phase.is_stalled)
      begin_stall();
    else
      stop_stall();
    return {};
  }

  Result<void> read_server_cpu(std::optional<CpuReading>& into) {
    if (plan_.pids.empty()) return {};
    auto reading = read_cpu(plan_.pids);
    if (!reading) return fail(reading.error().message);
    into = std::move(*reading);
    return {};
  }

  [[nodiscard]] double share_of_wall(Duration cpu) const {
    const Duration wall = monotonic_now() - counted_since_;
    return wall.count() <= 0 ? 0
                             : static_cast<double>(cpu.count()) / static_cast<double>(wall.count());
  }

  void begin_stall() {
    stall_.begin(monotonic_now(), plan_.pids);
    set_stalled(true);
  }

  void stop_stall() {
    if (is_stalled_) set_stalled(false);
  }

  void set_stalled(bool stalled) {
    is_stalled_ = stalled;
    for (std::size_t i = 0; i < stall_.count(); ++i) {
      Client& client = crowd_.client(stall_.first() + i);
      if (client.is_open()) client.set_reading(!stalled);
    }
  }

  void run_until(TimePoint end) {
    for (;;) {
      const TimePoint now = monotonic_now();
      if (now >= end || interrupted()) return;
      const TimePoint wake = start_ + next_wake();
      if (now >= wake) send_due(now, wake);
      if (now >= next_chores_) do_chores(now);
      loop_.run_once(std::min({start_ + next_wake(), end, next_chores_}));
    }
  }

  /// When to wake for the next packet: at its due time, or at the tick after it.
  [[nodiscard]] Duration next_wake() const {
    const Duration due = schedule_->next_due();
    if (shape_.pacing == Pacing::even) return due;
    return (due + tick - Duration(1)) / tick * tick;
  }

  void send_due(TimePoint now, TimePoint planned) {
    ClientHealth& health = result_.client;
    if (is_counting_) {
      ++health.ticks;
      if (now - planned > late_tick) ++health.ticks_late;
      health.latest = std::max(health.latest, now - planned);
    }
    const Duration elapsed = now - start_;
    const Duration horizon = shape_.pacing == Pacing::even ? elapsed : elapsed / tick * tick;
    while (const auto due = schedule_->take(horizon)) send(streams_[due->stream], due->number);
  }

  void send(ActiveStream& active, std::uint64_t number) {
    Books& books = books_[active.member];
    const TimePoint now = monotonic_now();
    const Bytes packet =
        active.stream.look(number).patch({.run = run_,
                                          .sender = static_cast<std::uint32_t>(active.member),
                                          .sequence = books.next_sequence,
                                          .stream_sequence = active.sent,
                                          .phase = static_cast<std::uint8_t>(phase_),
                                          .sent_at = now});
    if (!crowd_.client(active.member).send(packet)) {
      if (is_counting_) ++result_.client.skipped;
      return;
    }
    ++books.next_sequence;
    ++active.sent;
    std::size_t receivers = members_per_room_ - 1;
    if (active.member < members_per_room_) {
      receivers -= stall_.count();
      stall_.note_sent(active.member, active.stream.kind(), now);
    }
    result_.phases[phase_].expected += receivers;
    if (is_counting_) ++result_.sent;
  }

  void on_mark(std::size_t member, const Mark& mark, const Message& message) override {
    if (mark.run != run_ || mark.phase >= plan_.phases.size()) return;
    const std::size_t room_first = member / members_per_room_ * members_per_room_;
    const std::size_t sender = mark.sender - room_first;
    if (mark.sender < room_first || sender >= senders_per_room_) {
      ++result_.strayed;
      return;
    }
    if (mark.sender == member) {
      ++result_.echoed;
      return;
    }
    if (message.size < mark.wrapper_bytes || message.size > mark.wrapper_bytes + stamp_bytes_max)
      ++result_.damaged;
    const Judgement judgement = books_[member].ledger.arrive(sender, mark);
    if (stall_.includes(member)) return stall_.note_arrival(member, sender, mark, judgement);
    const Duration latency = message.read_at - mark.sent_at;
    note(result_.phases[mark.phase], judgement, latency);
    if (shape_.transports == Transports::mixed && plan_.phases[mark.phase].is_counted)
      note(result_.by_transport[static_cast<std::size_t>(transport_of_member(member))], judgement,
           latency);
  }

  static void note(Tally& tally, const Judgement& judgement, Duration latency) {
    if (judgement.arrival == Arrival::repeated) {
      ++tally.repeated;
      return;
    }
    ++tally.delivered;
    tally.late += judgement.arrival == Arrival::late ? 1 : 0;
    tally.late_in_stream += judgement.late_in_stream ? 1 : 0;
    tally.latency.record(latency);
  }

  void do_chores(TimePoint now) {
    next_chores_ = now + (is_stalled_ ? Duration(memory_sample_interval) : Duration(250ms));
    if (is_stalled_) stall_.sample(plan_.pids);
    if (now >= next_heartbeat_) {
      next_heartbeat_ = now + heartbeat_interval;
      for (std::size_t i = 0; i < stall_.count(); ++i) send_heartbeat(stall_.first() + i);
    }
    crowd_.keep_alive(now);
    if (progress_.is_due(now)) progress_.show(describe(now));
  }

  [[nodiscard]] std::string describe(TimePoint now) const {
    const Tally& tally = result_.phases[phase_];
    return fmt::format(
        "{} · {} · {:.0f} s · {} of {} delivered", shape_.name, plan_.phases[phase_].name,
        std::chrono::duration<double>(now - phase_began_).count(), tally.delivered, tally.expected);
  }

  /// Reads on until everything has come or nothing comes any more.
  void drain() {
    const auto is_complete = [this] {
      return stall_.count() == 0 &&
             std::all_of(result_.phases.begin(), result_.phases.end(),
                         [](const Tally& t) { return t.delivered >= t.expected; });
    };
    const auto delivered = [this] {
      std::uint64_t sum = 0;
      for (const Books& books : books_)
        for (std::size_t i = 0; i < senders_per_room_; ++i) sum += books.ledger.delivered(i);
      return sum;
    };
    const TimePoint began = monotonic_now();
    TimePoint last_news = began;
    std::uint64_t before = delivered();
    while (!is_complete()) {
      loop_.run_once(monotonic_now() + 20ms);
      const TimePoint now = monotonic_now();
      if (const std::uint64_t count = delivered(); count != before) {
        before = count;
        last_news = now;
      }
      if (now - last_news > drain_silence || now - began > drain_time_max) return;
    }
  }

  Result<void> finish() {
    std::optional<CpuReading> cpu_after;
    if (is_counting_) {
      if (auto read = read_server_cpu(cpu_after); !read) return read;
      if (cpu_before_ && cpu_after) result_.cpu = difference(*cpu_before_, *cpu_after);
      result_.wall = monotonic_now() - counted_since_;
    }
    result_.lost_connections = crowd_.lost();
    if (stall_.count() > 0) result_.stall = stall_.result();
    return {};
  }

  const RoomLoadPlan& plan_;
  const Shape& shape_;
  LoadLoop& loop_;
  Progress& progress_;
  std::size_t members_per_room_;
  std::size_t senders_per_room_;
  std::uint32_t run_;
  Crowd crowd_;
  StallWatch stall_;
  std::vector<Books> books_;
  std::vector<ActiveStream> streams_;
  std::optional<Schedule> schedule_;
  RoomLoadResult result_;

  std::size_t phase_ = 0;
  bool is_counting_ = false;
  bool is_stalled_ = false;
  TimePoint start_{};
  TimePoint phase_began_{};
  TimePoint counted_since_{};
  TimePoint next_chores_{};
  TimePoint next_heartbeat_{};
  Duration own_cpu_before_{};
  std::optional<CpuReading> cpu_before_;
};

}  // namespace

RoomLoadPlan plain_plan(const Shape& shape, const std::vector<pid_t>& pids) {
  return {.shape = shape,
          .phases = {{"warm-up", shape.warmup, false, false},
                     {"measuring", shape.duration, false, true}},
          .stalling = 0,
          .pids = pids};
}

void Tally::merge(const Tally& other) {
  expected += other.expected;
  delivered += other.delivered;
  late += other.late;
  late_in_stream += other.late_in_stream;
  repeated += other.repeated;
  latency.merge(other.latency);
}

std::optional<std::string> ClientHealth::bottleneck() const {
  if (cpu_share > 0.9) return fmt::format("its processor was {:.0f} % busy", cpu_share * 100);
  if (ticks_late * 100 > ticks)
    return fmt::format(
        "{} of {} ticks came more than 2 ms late, the worst {:.1f} ms; does "
        "anything else run here?",
        ticks_late, ticks, std::chrono::duration<double, std::milli>(latest).count());
  return {};
}

Tally RoomLoadResult::total(const std::vector<Phase>& planned) const {
  Tally sum;
  for (std::size_t i = 0; i < phases.size(); ++i)
    if (planned[i].is_counted) sum.merge(phases[i]);
  return sum;
}

Result<RoomLoadResult> run_room_load(const RoomLoadPlan& plan, const Target& target,
                                     Progress& progress) {
  auto loop = LoadLoop::create();
  if (!loop) return fail(loop.error().message);
  return RoomLoad(plan, target, **loop, progress).run();
}

}  // namespace parley::bench
