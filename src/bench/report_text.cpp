#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <string_view>

#include "bench/report.h"

namespace parley::bench {
namespace {

double to_ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
double to_micros(Duration d) { return std::chrono::duration<double, std::micro>(d).count(); }
double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

constexpr double mebibyte = 1024 * 1024;

/// 1234567 as "1 234 567".
std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, " ");
  return digits;
}

/// One line under a heading.
template <class... Arguments>
void line(std::string& out, std::string_view label, fmt::format_string<Arguments...> format,
          Arguments&&... arguments) {
  fmt::format_to(std::back_inserter(out), "  {:<11} ", label);
  fmt::format_to(std::back_inserter(out), format, std::forward<Arguments>(arguments)...);
  out += '\n';
}

void put_criteria(std::string& out, const std::vector<Criterion>& criteria) {
  if (criteria.empty()) return;
  std::vector<std::string_view> held;
  std::vector<std::string_view> missed;
  for (const Criterion& criterion : criteria)
    (criterion.holds ? held : missed).push_back(criterion.sentence);
  if (!held.empty()) line(out, "holds", "{}", fmt::join(held, " · "));
  if (!missed.empty()) line(out, "MISSED", "{}", fmt::join(missed, " · "));
}

void put_lost(std::string& out, const std::map<std::string, int>& lost) {
  for (const auto& [reason, count] : lost) line(out, "LOST", "{} connections: {}", count, reason);
}

void put_latency(std::string& out, std::string_view label, const Latency& latency) {
  line(out, label, "p50 {:.3f}   p90 {:.3f}   p99 {:.3f}   p99.9 {:.3f}   max {:.3f}",
       to_ms(latency.quantile(0.5)), to_ms(latency.quantile(0.9)), to_ms(latency.quantile(0.99)),
       to_ms(latency.quantile(0.999)), to_ms(latency.max()));
}

void put_order(std::string& out, std::string_view label, const Tally& tally, bool is_streams) {
  line(out, label, "{} {} ({} within one {}) · {} repeated", grouped(tally.late),
       is_streams ? "streams ended out of order" : "out of order", grouped(tally.late_in_stream),
       is_streams ? "medium" : "stream", grouped(tally.repeated));
}

void put_tally(std::string& out, const Tally& tally, Transports transports) {
  const std::uint64_t missing = tally.expected - std::min(tally.expected, tally.delivered);
  line(out, "delivered", "{} of {}{}", grouped(tally.delivered), grouped(tally.expected),
       missing == 0 ? "" : fmt::format(" · {} LOST", grouped(missing)));
  if (transports != Transports::mixed)
    put_order(out, "order", tally, transports == Transports::webtransport);
}

void put_processor(std::string& out, const RoomReport& report) {
  const auto micros = report.micros_per_delivery();
  if (!micros || !report.result.cpu) return;
  const CpuUse& use = *report.result.cpu;
  const double wall = to_seconds(report.result.wall);
  std::string floors;
  if (report.floor)
    floors = fmt::format(" = {:.2f} × floor ({:.2f} µs)", *micros / to_micros(report.floor.median),
                         to_micros(report.floor.median));
  if (report.floor.is_unsteady())
    line(out, "CAUTION",
         "the floor was unsteady, {:.2f} to {:.2f} µs: does anything else run here?",
         to_micros(report.floor.least), to_micros(report.floor.most));
  line(out, "processor", "{:.3f} µs per delivery{} · {:.0f} % of a core", *micros, floors,
       to_seconds(use.total) / wall * 100);
  if (use.by_process.size() > 1)
    for (const auto& [pid, used] : use.by_process)
      line(out, "of that", "{:.3f} µs by process {}", report.micros_per_delivery(pid).value_or(0),
           pid);
  if (report.paced_floor > Duration::zero())
    line(out, "bare loop", "{:.3f} µs per send at this pace: {:.2f} × that",
         to_micros(report.paced_floor), *micros / to_micros(report.paced_floor));
  line(out, "busiest", "{} (thread {}) {:.3f} µs per delivery of all · {:.0f} % of a core",
       use.busiest.name, use.busiest.tid, report.busiest_micros_per_delivery().value_or(0),
       to_seconds(use.busiest.used) / wall * 100);
}

void put_stall(std::string& out, const RoomReport& report) {
  if (!report.result.stall) return;
  const StallResult& stall = *report.result.stall;
  for (std::size_t i = 0; i < report.plan.phases.size(); ++i)
    if (report.plan.phases[i].is_counted)
      put_latency(out, fmt::format("ms, {}", report.plan.phases[i].name),
                  report.result.phases[i].latency);
  const auto since = [](const std::optional<Duration>& first) {
    return first ? fmt::format("the first sent {:.2f} s into the stall", to_seconds(*first))
                 : std::string("none");
  };
  line(out, "stalled", "{} receiver(s) lost {} of {} audio ({}), {} of {} video ({})",
       stall.receivers, grouped(stall.lost_audio), grouped(stall.sent_audio),
       since(stall.first_lost_audio), grouped(stall.lost_video), grouped(stall.sent_video),
       since(stall.first_lost_video));
  line(out, "resumed", "{} of {} senders' video came back with a keyframe",
       stall.senders_resumed_by_keyframe, stall.senders_with_gap);
  if (stall.resident_before && stall.resident_peak)
    line(out, "memory", "{:.1f} MiB before, {:.1f} MiB at most during the stall",
         static_cast<double>(*stall.resident_before) / mebibyte,
         static_cast<double>(*stall.resident_peak) / mebibyte);
}

void put_client(std::string& out, const RoomLoadResult& result) {
  const ClientHealth& client = result.client;
  line(out, "client", "{:.0f} % of a core · {} of {} ticks late", client.cpu_share * 100,
       grouped(client.ticks_late), grouped(client.ticks));
  if (const auto bottleneck = client.bottleneck())
    line(out, "CAUTION", "the client was the bottleneck: {}", *bottleneck);
  if (client.skipped > 0)
    line(out, "CAUTION", "{} packets not sent: the server took no more from their sender",
         grouped(client.skipped));
  if (result.echoed + result.strayed + result.damaged > 0)
    line(out, "WRONG", "{} packets echoed to their sender, {} in a foreign room, {} damaged",
         grouped(result.echoed), grouped(result.strayed), grouped(result.damaged));
  if (result.is_interrupted) line(out, "CAUTION", "interrupted: this is what there was until then");
}

/// Nothing for WebSocket, which figures are of unless they say otherwise.
std::string suffix_of(Transports transports) {
  return transports == Transports::websocket ? "" : fmt::format(" · {}", name_of(transports));
}

std::string name_of(const Shape& shape) {
  std::string name = shape.name;
  if (shape.name == "broadcast") name += fmt::format(" {:g}/s", shape.rate);
  return name + suffix_of(shape.transports);
}

std::string paragraph(const RoomReport& report) {
  const Shape& shape = report.plan.shape;
  std::string out = fmt::format(
      "{} · {} room(s) of {}, {} sending{} · {:.0f} packets/s in, {:.0f} deliveries/s\n",
      name_of(shape), shape.rooms, shape.members, shape.senders,
      shape.pacing == Pacing::even ? ", evenly paced" : "", shape.packets_per_second(),
      shape.deliveries_per_second());
  const LinkPlan& link = shape.link;
  if (!link.is_perfect())
    line(out, "link", "{:g} % of the datagrams lost, {:g} ms each way, {}", link.loss * 100,
         to_ms(link.delay),
         link.bits_per_second > 0 ? fmt::format("{:g} Mbit/s", link.bits_per_second / 1e6)
                                  : "as fast as it goes");
  const Tally total = report.total();
  put_tally(out, total, shape.transports);
  if (shape.transports == Transports::mixed)
    for (const Transport one : {Transport::websocket, Transport::webtransport}) {
      const Tally& tally = report.result.by_transport[static_cast<std::size_t>(one)];
      if (tally.delivered == 0) continue;
      put_order(out, name_of(one), tally, one == Transport::webtransport);
      put_latency(out, "  ms", tally.latency);
    }
  if (report.result.stall)
    put_stall(out, report);
  else
    put_latency(out, "latency ms", total.latency);
  put_processor(out, report);
  put_client(out, report.result);
  put_lost(out, report.result.lost_connections);
  put_criteria(out, report.criteria());
  return out;
}

std::string paragraph(const IdleReport& report) {
  const IdleResult& result = report.result;
  std::string out = fmt::format("{} · {} sessions, two to a room\n", name_of(report.shape),
                                grouped(static_cast<std::uint64_t>(result.sessions)));
  if (result.bytes_per_session)
    line(out, "memory", "{:.2f} KiB per session (kernel apart)", *result.bytes_per_session / 1024);
  const auto joins = result.joins_per_core_second();
  line(out, "joins", "{:.3f} s for all{}", to_seconds(result.join_wall),
       joins ? fmt::format(" · {} per core-second", grouped(static_cast<std::uint64_t>(*joins)))
             : "");
  if (result.cpu_quiet)
    line(out, "processor", "{:.3f} µs per session and second without pings{}",
         to_micros(*result.cpu_quiet),
         result.cpu_pinged
             ? fmt::format(", {:.3f} µs with them ({:.0f} s)", to_micros(*result.cpu_pinged),
                           to_seconds(report.shape.duration))
             : "");
  if (result.is_interrupted) line(out, "CAUTION", "interrupted: this is what there was until then");
  put_lost(out, result.lost_connections);
  put_criteria(out, report.criteria());
  return out;
}

std::string paragraph(const ChurnReport& report) {
  const ChurnResult& result = report.result;
  std::string out = fmt::format("churn{} · {:.0f} visits a minute for {:.0f} s\n",
                                suffix_of(report.plan.transports), report.plan.per_minute,
                                to_seconds(report.plan.duration));
  line(out, "visits", "{} begun, {} completed", grouped(result.begun), grouped(result.completed));
  for (const auto& [reason, count] : result.failures) line(out, "FAILED", "{}: {}", count, reason);
  put_latency(out, "join ms", result.join);
  if (result.cpu && result.begun > 0)
    line(out, "processor", "{:.1f} µs per visit",
         to_micros(*result.cpu) / static_cast<double>(result.begun));
  const Holdings& before = result.before;
  const Holdings& after = result.after;
  if (before.resident && after.resident)
    line(out, "memory", "{:.2f} MiB before, {:.2f} MiB after",
         static_cast<double>(*before.resident) / mebibyte,
         static_cast<double>(*after.resident) / mebibyte);
  if (before.descriptors && after.descriptors)
    line(out, "descriptors", "{} before, {} after", *before.descriptors, *after.descriptors);
  if (result.is_interrupted) line(out, "CAUTION", "interrupted: this is what there was until then");
  put_criteria(out, report.criteria());
  return out;
}

}  // namespace

std::string for_people(const Report& report) {
  return std::visit([](const auto& one) { return paragraph(one); }, report);
}

}  // namespace parley::bench
