#include "bench/bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "bench/latency.h"

namespace parley::bench {
namespace {

struct RoomBar {
  Transports transports;
  std::string_view shape;
  double rate;  // of plain traffic; 0: whatever
  double floors;
  std::optional<double> p50_ms;
  double p99_ms;
};

constexpr RoomBar room_bars[] = {
    {Transports::websocket, "meeting-20", 0, 1.3, 0.3, 3},
    {Transports::websocket, "pairs", 0, 4, 0.2, 1},
    {Transports::websocket, "broadcast", 100, 1.2, 0.5, 2},
    {Transports::websocket, "broadcast", 2000, 0.9, 1, 5},
    {Transports::websocket, "broadcast", 6000, 0.45, {}, 20},
    {Transports::webtransport, "meeting-20", 0, 3.5, 0.6, 3},
    {Transports::webtransport, "pairs", 0, 10, 0.25, 1},
    {Transports::webtransport, "broadcast", 100, 4, 1, 2.5},
    {Transports::webtransport, "broadcast", 800, 3.5, 2.5, 8},
};

struct IdleBar {
  double kib_max;
  double joins_per_core_second_min;
  std::optional<double> quiet_micros_max;
  double pinged_micros_max;
};

constexpr IdleBar idle_bar = {8, 30'000, 0.2, 2};
constexpr IdleBar idle_bar_webtransport = {48, 2'500, {}, 5};
constexpr Duration idle_pinged_time = 60s;

constexpr double mebibyte = 1024 * 1024;
constexpr double stall_growth_max = 8 * mebibyte;
// A latency changed when it differs by 10 % and by 0.3 ms (decision 36).
constexpr double latency_change_max = 1.1;
constexpr double latency_change_ms = 0.3;
constexpr double churn_growth_max = 1.02;

double to_ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
double to_micros(Duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

Criterion at_most(std::string_view what, double value, double limit, std::string_view unit) {
  return {fmt::format("{} ≤ {:.4g}{} ({:.3g})", what, limit, unit, value), value <= limit};
}

Criterion at_least(std::string_view what, double value, double limit, std::string_view unit) {
  return {fmt::format("{} ≥ {:.5g}{} ({:.5g})", what, limit, unit, value), value >= limit};
}

/// Whether `shape` is the default of its name in all that shapes the load.
bool is_default(const Shape& shape) {
  const auto usual = find_shape(shape.name, shape.transports);
  return usual && shape.kind == usual->kind && shape.traffic == usual->traffic &&
         shape.pacing == usual->pacing && shape.link.is_perfect() && shape.rooms == usual->rooms &&
         shape.members == usual->members && shape.senders == usual->senders &&
         shape.bytes == usual->bytes && shape.audio_rate == usual->audio_rate &&
         shape.video_rate == usual->video_rate && shape.audio_bytes == usual->audio_bytes &&
         shape.keyframe_bytes == usual->keyframe_bytes &&
         shape.keyframe_every == usual->keyframe_every && shape.video_scale == usual->video_scale &&
         shape.sessions == usual->sessions;
}

const RoomBar* find_bar(const Shape& shape) {
  if (!is_default(shape)) return nullptr;
  const auto* bar =
      std::find_if(std::begin(room_bars), std::end(room_bars), [&shape](const RoomBar& candidate) {
        const double usual = find_shape(shape.name)->rate;
        return candidate.transports == shape.transports && candidate.shape == shape.name &&
               shape.rate == (candidate.rate == 0 ? usual : candidate.rate);
      });
  return bar == std::end(room_bars) ? nullptr : bar;
}

}  // namespace

std::vector<Criterion> judge_rooms(const Shape& shape, const Tally& total,
                                   std::optional<double> micros_per_delivery, Duration floor) {
  const RoomBar* bar = find_bar(shape);
  if (bar == nullptr || total.expected == 0) return {};
  std::vector<Criterion> criteria;
  if (micros_per_delivery && floor > Duration::zero())
    criteria.push_back(
        at_most("processor", *micros_per_delivery / to_micros(floor), bar->floors, " × floor"));
  if (bar->p50_ms)
    criteria.push_back(at_most("p50", to_ms(total.latency.quantile(0.5)), *bar->p50_ms, " ms"));
  criteria.push_back(at_most("p99", to_ms(total.latency.quantile(0.99)), bar->p99_ms, " ms"));
  criteria.push_back({"nothing lost", total.delivered == total.expected});
  // Streams of QUIC end in any order; who receives them sorts them.
  if (shape.transports != Transports::webtransport)
    criteria.push_back({"nothing out of order or twice", total.late == 0 && total.repeated == 0});
  else
    criteria.push_back({"nothing twice", total.repeated == 0});
  return criteria;
}

std::vector<Criterion> judge_idle(const Shape& shape, const IdleResult& result) {
  const bool has_bar =
      shape.transports == Transports::websocket || shape.transports == Transports::webtransport;
  if (!has_bar || !is_default(shape)) return {};
  const IdleBar& bar = shape.transports == Transports::websocket ? idle_bar : idle_bar_webtransport;
  std::vector<Criterion> criteria;
  if (result.bytes_per_session)
    criteria.push_back(
        at_most("memory", *result.bytes_per_session / 1024, bar.kib_max, " KiB per session"));
  if (const auto joins = result.joins_per_core_second())
    criteria.push_back(
        at_least("joins", *joins, bar.joins_per_core_second_min, " per core-second"));
  if (result.cpu_quiet && bar.quiet_micros_max)
    criteria.push_back(at_most("without pings", to_micros(*result.cpu_quiet), *bar.quiet_micros_max,
                               " µs per session and second"));
  if (result.cpu_pinged && shape.duration >= idle_pinged_time)
    criteria.push_back(at_most("with pings", to_micros(*result.cpu_pinged), bar.pinged_micros_max,
                               " µs per session and second"));
  criteria.push_back({"no session lost", result.lost_connections.empty()});
  return criteria;
}

std::vector<Criterion> judge_stall(const StallResult& stall, const Tally& before,
                                   const Tally& during) {
  std::vector<Criterion> criteria;
  if (stall.resident_before && stall.resident_peak)
    criteria.push_back(at_most(
        "growth", static_cast<double>(*stall.resident_peak - *stall.resident_before) / mebibyte,
        stall_growth_max / mebibyte, " MiB"));
  const double p99_before = to_ms(before.latency.quantile(0.99));
  const double p99_limit =
      std::max(p99_before * latency_change_max, p99_before + latency_change_ms);
  criteria.push_back(
      at_most("p99 of the others", to_ms(during.latency.quantile(0.99)), p99_limit, " ms"));
  criteria.push_back({"the others lose nothing",
                      before.delivered == before.expected && during.delivered == during.expected});
  if (stall.senders_with_gap > 0)
    criteria.push_back({fmt::format("video resumes with a keyframe ({} of {} senders)",
                                    stall.senders_resumed_by_keyframe, stall.senders_with_gap),
                        stall.senders_resumed_by_keyframe == stall.senders_with_gap});
  return criteria;
}

std::vector<Criterion> judge_churn(const ChurnResult& result) {
  std::vector<Criterion> criteria;
  criteria.push_back(
      {fmt::format("no visit fails ({} of {} completed)", result.completed, result.begun),
       result.completed == result.begun});
  if (result.before.descriptors && result.after.descriptors)
    criteria.push_back({fmt::format("no descriptor left behind ({} before, {} after)",
                                    *result.before.descriptors, *result.after.descriptors),
                        *result.after.descriptors <= *result.before.descriptors});
  if (result.before.resident && result.after.resident)
    criteria.push_back(at_most(
        "memory after", static_cast<double>(*result.after.resident) / mebibyte,
        static_cast<double>(*result.before.resident) / mebibyte * churn_growth_max, " MiB"));
  return criteria;
}

bool all_hold(const std::vector<Criterion>& criteria) {
  return std::all_of(criteria.begin(), criteria.end(),
                     [](const Criterion& criterion) { return criterion.holds; });
}

}  // namespace parley::bench
