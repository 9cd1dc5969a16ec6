#include "bench/report.h"

#include <string>

#include "bench/json_text.h"

namespace parley::bench {
namespace {

double to_ms(Duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
double to_micros(Duration d) { return std::chrono::duration<double, std::micro>(d).count(); }
double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

std::optional<double> to_number(const std::optional<std::int64_t>& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}
std::optional<double> to_number(const std::optional<int>& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}
template <class Unit>
std::optional<double> to_number(const std::optional<Duration>& value, Unit unit) {
  return value ? std::optional(unit(*value)) : std::nullopt;
}

void put_latency(JsonText& json, std::string_view key, const Latency& latency) {
  json.open_object(key);
  json.count("samples", latency.count());
  json.number("p50", to_ms(latency.quantile(0.5)));
  json.number("p90", to_ms(latency.quantile(0.9)));
  json.number("p99", to_ms(latency.quantile(0.99)));
  json.number("p99_9", to_ms(latency.quantile(0.999)));
  json.number("max", to_ms(latency.max()));
  json.close_object();
}

void put_tally(JsonText& json, const Tally& tally) {
  json.count("expected", tally.expected);
  json.count("delivered", tally.delivered);
  json.count("out_of_order", tally.late);
  json.count("out_of_order_within_stream", tally.late_in_stream);
  json.count("repeated", tally.repeated);
  put_latency(json, "latency_ms", tally.latency);
}

void put_reasons(JsonText& json, std::string_view key, const std::map<std::string, int>& reasons) {
  json.open_object(key);
  for (const auto& [reason, count] : reasons) json.integer(reason, count);
  json.close_object();
}

void put_criteria(JsonText& json, const std::vector<Criterion>& criteria) {
  json.open_list("bar");
  for (const Criterion& criterion : criteria) {
    json.open_object();
    json.text("criterion", criterion.sentence);
    json.boolean("holds", criterion.holds);
    json.close_object();
  }
  json.close_list();
  // Without criteria there is nothing to hold: such a shape has no bar.
  if (!criteria.empty()) json.boolean("bar_holds", all_hold(criteria));
}

void put_shape(JsonText& json, const Shape& shape) {
  json.text("shape", shape.name);
  json.text("transport", name_of(shape.transports));
  json.text("pacing", shape.pacing == Pacing::even ? "even" : "tick");
  if (!shape.link.is_perfect()) {
    json.open_object("link");
    json.number("loss", shape.link.loss);
    json.number("delay_ms", to_ms(shape.link.delay));
    json.number("bits_per_second", shape.link.bits_per_second);
    json.close_object();
  }
  json.integer("rooms", shape.rooms);
  json.integer("members", shape.members);
  json.integer("senders", shape.senders);
  if (shape.traffic == Traffic::plain) {
    json.number("rate", shape.rate);
    json.integer("bytes", shape.bytes);
  }
  json.number("packets_per_second", shape.packets_per_second());
  json.number("deliveries_per_second", shape.deliveries_per_second());
}

void put_cpu(JsonText& json, const RoomReport& report) {
  if (!report.result.cpu) return;
  const double wall = to_seconds(report.result.wall);
  const CpuUse& use = *report.result.cpu;
  const auto micros = report.micros_per_delivery();
  json.open_object("server_cpu");
  json.number("us_per_delivery", micros);
  if (report.floor) {
    json.number("floor_us", to_micros(report.floor.median));
    json.number("floor_least_us", to_micros(report.floor.least));
    json.number("floor_most_us", to_micros(report.floor.most));
    if (micros) json.number("floors", *micros / to_micros(report.floor.median));
  }
  if (report.paced_floor > Duration::zero())
    json.number("paced_floor_us", to_micros(report.paced_floor));
  json.open_object("us_per_delivery_by_pid");
  for (const auto& [pid, used] : use.by_process)
    json.number(std::to_string(pid), report.micros_per_delivery(pid));
  json.close_object();
  json.number("cores", to_seconds(use.total) / wall);
  json.text("busiest_thread", use.busiest.name);
  json.number("busiest_us_per_delivery", report.busiest_micros_per_delivery());
  json.number("busiest_cores", to_seconds(use.busiest.used) / wall);
  json.close_object();
}

void put_stall(JsonText& json, const StallResult& stall) {
  json.open_object("stall");
  json.integer("receivers", stall.receivers);
  json.count("sent_audio", stall.sent_audio);
  json.count("lost_audio", stall.lost_audio);
  json.count("sent_video", stall.sent_video);
  json.count("lost_video", stall.lost_video);
  json.number("first_lost_audio_s", to_number(stall.first_lost_audio, to_seconds));
  json.number("first_lost_video_s", to_number(stall.first_lost_video, to_seconds));
  json.integer("senders_with_gap", stall.senders_with_gap);
  json.integer("senders_resumed_by_keyframe", stall.senders_resumed_by_keyframe);
  json.number("resident_before_bytes", to_number(stall.resident_before));
  json.number("resident_peak_bytes", to_number(stall.resident_peak));
  json.close_object();
}

void put(JsonText& json, const RoomReport& report) {
  const RoomLoadResult& result = report.result;
  put_shape(json, report.plan.shape);
  json.number("seconds", to_seconds(result.wall));
  json.count("sent", result.sent);
  put_tally(json, report.total());
  if (report.plan.shape.transports == Transports::mixed) {
    json.open_object("by_transport");
    for (const Transport one : {Transport::websocket, Transport::webtransport}) {
      const Tally& tally = result.by_transport[static_cast<std::size_t>(one)];
      json.open_object(name_of(one));
      json.count("delivered", tally.delivered);
      json.count("out_of_order", tally.late);
      json.count("out_of_order_within_stream", tally.late_in_stream);
      json.count("repeated", tally.repeated);
      put_latency(json, "latency_ms", tally.latency);
      json.close_object();
    }
    json.close_object();
  }
  if (result.stall) {
    put_stall(json, *result.stall);
    json.open_list("phases");
    for (std::size_t i = 0; i < result.phases.size(); ++i) {
      json.open_object();
      json.text("phase", report.plan.phases[i].name);
      put_tally(json, result.phases[i]);
      json.close_object();
    }
    json.close_list();
  }
  put_cpu(json, report);
  json.count("echoed", result.echoed);
  json.count("strayed", result.strayed);
  json.count("damaged", result.damaged);
  put_reasons(json, "lost_connections", result.lost_connections);
  json.open_object("client");
  json.number("cpu_share", result.client.cpu_share);
  json.count("ticks", result.client.ticks);
  json.count("ticks_late", result.client.ticks_late);
  json.number("latest_tick_ms", to_ms(result.client.latest));
  json.count("skipped", result.client.skipped);
  json.boolean("was_bottleneck", result.client.bottleneck().has_value());
  json.close_object();
  json.boolean("interrupted", result.is_interrupted);
  put_criteria(json, report.criteria());
}

void put(JsonText& json, const IdleReport& report) {
  const IdleResult& result = report.result;
  json.text("shape", report.shape.name);
  json.text("transport", name_of(report.shape.transports));
  json.integer("sessions", result.sessions);
  json.number("join_seconds", to_seconds(result.join_wall));
  json.number("joins_per_core_second", result.joins_per_core_second());
  json.number("bytes_per_session", result.bytes_per_session);
  json.number("us_per_session_second_quiet", to_number(result.cpu_quiet, to_micros));
  json.number("us_per_session_second_pinged", to_number(result.cpu_pinged, to_micros));
  put_reasons(json, "lost_connections", result.lost_connections);
  json.boolean("interrupted", result.is_interrupted);
  put_criteria(json, report.criteria());
}

void put(JsonText& json, const ChurnReport& report) {
  const ChurnResult& result = report.result;
  json.text("shape", "churn");
  json.text("transport", name_of(report.plan.transports));
  json.number("per_minute", report.plan.per_minute);
  json.number("seconds", to_seconds(result.wall));
  json.count("begun", result.begun);
  json.count("completed", result.completed);
  put_reasons(json, "failures", result.failures);
  put_latency(json, "join_ms", result.join);
  json.number("server_cpu_seconds", to_number(result.cpu, to_seconds));
  json.number("resident_before_bytes", to_number(result.before.resident));
  json.number("resident_after_bytes", to_number(result.after.resident));
  json.number("descriptors_before", to_number(result.before.descriptors));
  json.number("descriptors_after", to_number(result.after.descriptors));
  json.boolean("interrupted", result.is_interrupted);
  put_criteria(json, report.criteria());
}

std::optional<double> per_delivery(const RoomReport& report, Duration used) {
  const Tally total = report.total();
  if (!report.result.cpu || total.delivered == 0) return {};
  // Stalled receivers get something too, which nobody can count in time; the others decide.
  return to_micros(used) / static_cast<double>(total.delivered);
}

}  // namespace

std::optional<double> RoomReport::micros_per_delivery() const {
  return result.cpu ? per_delivery(*this, result.cpu->total) : std::nullopt;
}

std::optional<double> RoomReport::micros_per_delivery(pid_t process) const {
  if (!result.cpu || !result.cpu->by_process.contains(process)) return {};
  return per_delivery(*this, result.cpu->by_process.at(process));
}

std::optional<double> RoomReport::busiest_micros_per_delivery() const {
  return result.cpu ? per_delivery(*this, result.cpu->busiest.used) : std::nullopt;
}

std::vector<Criterion> RoomReport::criteria() const {
  if (!result.stall) return judge_rooms(plan.shape, total(), micros_per_delivery(), floor.median);
  Tally before;
  Tally during;
  for (std::size_t i = 0; i < plan.phases.size(); ++i)
    if (plan.phases[i].is_counted) {
      if (plan.phases[i].is_stalled)
        during.merge(result.phases[i]);
      else if (during.expected == 0)
        before.merge(result.phases[i]);
    }
  return judge_stall(*result.stall, before, during);
}

std::vector<Criterion> criteria_of(const Report& report) {
  return std::visit([](const auto& one) { return one.criteria(); }, report);
}

std::string for_programs(const Circumstances& circumstances, const std::vector<Report>& reports) {
  JsonText json;
  json.open_object();
  json.text("target", circumstances.target);
  json.open_list("pids");
  for (const pid_t pid : circumstances.pids) json.integer({}, pid);
  json.close_list();
  if (circumstances.shards > 0) json.integer("shards", circumstances.shards);
  json.text("server_cpus", circumstances.server_cpus);
  json.text("client_cpus", circumstances.client_cpus);
  json.open_list("runs");
  for (const Report& report : reports) {
    json.open_object();
    std::visit([&json](const auto& one) { put(json, one); }, report);
    json.close_object();
  }
  json.close_list();
  json.close_object();
  return json.take() + '\n';
}

}  // namespace parley::bench
