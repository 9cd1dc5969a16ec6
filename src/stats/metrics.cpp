#include "stats/metrics.h"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <utility>

#include "stats/process_usage.h"

namespace parley {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

/// Families of one scrape. Every one is a sum over the shards.
class Scrape final : public prometheus::Collectable {
 public:
  Scrape(const BuildInfo& build, const std::vector<const ShardStats*>& shards,
         const std::vector<const RefusalCounts*>& refusals, const std::vector<NamedSeries>& named)
      : build_(build), shards_(shards), refusals_(refusals), named_(named) {}

  std::vector<MetricFamily> Collect() const override {
    std::vector<MetricFamily> all;
    add_gauges(all);
    add_sessions(all);
    add_packets(all);
    add_losses(all);
    add_histograms(all);
    add_named(all);
    add_process(all);
    return all;
  }

 private:
  template <class Pick>
  double sum(Pick pick) const {
    double total = 0;
    for (const ShardStats* shard : shards_) total += static_cast<double>(pick(*shard).read());
    return total;
  }

  static MetricFamily family(std::string name, std::string help, MetricType type) {
    return {std::move(name), std::move(help), type, {}};
  }

  static void put(MetricFamily& into, double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    if (into.type == MetricType::Gauge)
      metric.gauge.value = value;
    else
      metric.counter.value = value;
    into.metric.push_back(std::move(metric));
  }

  static void add_one(std::vector<MetricFamily>& all, MetricType type, std::string name,
                      std::string help, double value, Labels labels = {}) {
    all.push_back(family(std::move(name), std::move(help), type));
    put(all.back(), value, std::move(labels));
  }

  // One counter per value of an enum, labelled with its name.
  template <class Reason, std::size_t count>
  void add_by_reason(std::vector<MetricFamily>& all, std::string name, std::string help,
                     std::array<Cell, count> ShardStats::* cells) const {
    all.push_back(family(std::move(name), std::move(help), MetricType::Counter));
    for (std::size_t i = 0; i < count; ++i)
      put(all.back(), sum([&](const ShardStats& s) -> const Cell& { return (s.*cells)[i]; }),
          {{"reason", std::string(name_of(static_cast<Reason>(i)))}});
  }

  void add_gauges(std::vector<MetricFamily>& all) const {
    const auto gauge = [&](std::string name, std::string help, Cell ShardStats::* cell) {
      add_one(all, MetricType::Gauge, std::move(name), std::move(help),
              sum([&](const ShardStats& s) -> const Cell& { return s.*cell; }));
    };
    gauge("parley_sessions", "Sessions that are open.", &ShardStats::sessions);
    gauge("parley_rooms", "Rooms with a member, counted once on each shard that has one.",
          &ShardStats::rooms);
    gauge("parley_connections", "Connections of clients that are open, over TCP and QUIC.",
          &ShardStats::connections);
    gauge("parley_partial_bytes", "Room held for long messages that are not whole yet.",
          &ShardStats::partial_bytes);
    add_one(all, MetricType::Gauge, "parley_shards", "Event loops of this process.",
            static_cast<double>(shards_.size()));
  }

  void add_sessions(std::vector<MetricFamily>& all) const {
    add_one(all, MetricType::Counter, "parley_sessions_started_total", "Sessions that began.",
            sum([](const ShardStats& s) -> const Cell& { return s.sessions_started; }));
    add_by_reason<EndReason>(all, "parley_sessions_ended_total", "Sessions that ended.",
                             &ShardStats::sessions_ended);
    all.push_back(family("parley_refusals_total", "Requests and connections turned away.",
                         MetricType::Counter));
    for (std::size_t i = 0; i < RefusalCounts::reasons.size(); ++i) {
      double total = 0;
      for (const RefusalCounts* refusals : refusals_)
        total += static_cast<double>(refusals->read(i));
      put(all.back(), total, {{"reason", std::string(RefusalCounts::reasons[i])}});
    }
  }

  void add_packets(std::vector<MetricFamily>& all) const {
    using ByClass = std::array<Cell, packet_class_count> ShardStats::*;
    const auto two_ways = [&](std::string name, std::string help, ByClass in, ByClass out) {
      all.push_back(family(std::move(name), std::move(help), MetricType::Counter));
      for (const auto& [direction, cells] : {std::pair{"in", in}, std::pair{"out", out}}) {
        for (std::size_t i = 0; i < packet_class_count; ++i)
          put(all.back(), sum([&](const ShardStats& s) -> const Cell& { return (s.*cells)[i]; }),
              {{"class", std::string(name_of(static_cast<PacketClass>(i)))},
               {"direction", direction}});
      }
    };
    two_ways("parley_packets_total", "Packets from clients (in) and to clients (out).",
             &ShardStats::packets_in, &ShardStats::packets_out);
    two_ways("parley_packet_bytes_total", "Bytes of packets, without the transport's framing.",
             &ShardStats::bytes_in, &ShardStats::bytes_out);

    const auto counter = [&](std::string name, std::string help, Cell ShardStats::* cell) {
      add_one(all, MetricType::Counter, std::move(name), std::move(help),
              sum([&](const ShardStats& s) -> const Cell& { return s.*cell; }));
    };
    counter("parley_congestion_notices_total", "Senders told that a receiver lost their packets.",
            &ShardStats::congestion_sent);
    counter("parley_rtt_echoes_total", "Round-trip probes sent back.", &ShardStats::rtt_echoes);
    counter("parley_health_packets_total", "Health reports from clients.",
            &ShardStats::health_packets);
    counter("parley_text_messages_ignored_total", "WebSocket text messages, which mean nothing.",
            &ShardStats::text_messages_ignored);
    counter("parley_partial_waits_total", "Long messages that had to wait for room.",
            &ShardStats::partial_waits);
    counter("parley_writes_total", "System calls that sent packets.", &ShardStats::writes);
  }

  void add_losses(std::vector<MetricFamily>& all) const {
    add_by_reason<DropReason>(all, "parley_drops_total", "Packets not delivered to one receiver.",
                              &ShardStats::drops);
    add_by_reason<DiscardReason>(all, "parley_discards_total",
                                 "Packets from clients that were not relayed.",
                                 &ShardStats::discards);
  }

  void add_histograms(std::vector<MetricFamily>& all) const {
    add_histogram(all, "parley_queue_age_seconds", "How long packets waited for their receiver.",
                  &ShardStats::queue_age);
    add_histogram(all, "parley_loop_lag_seconds", "How long turns of the event loops took.",
                  &ShardStats::loop_lag);
  }

  void add_histogram(std::vector<MetricFamily>& all, std::string name, std::string help,
                     DurationHistogram ShardStats::* histogram) const {
    all.push_back(family(std::move(name), std::move(help), MetricType::Histogram));
    ClientMetric metric;
    const auto& bounds = DurationHistogram::bounds_seconds;
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
      for (const ShardStats* shard : shards_) so_far += (shard->*histogram).bucket(i);
      const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({so_far, bound});
    }
    metric.histogram.sample_count = so_far;
    for (const ShardStats* shard : shards_)
      metric.histogram.sample_sum += (shard->*histogram).sum_seconds();
    all.back().metric.push_back(std::move(metric));
  }

  void add_named(std::vector<MetricFamily>& all) const {
    std::string_view last;
    for (const auto& [series, cells] : named_) {
      if (series.name != std::exchange(last, series.name))
        all.push_back(family(std::string(series.name), std::string(series.help),
                             series.is_gauge ? MetricType::Gauge : MetricType::Counter));
      double total = 0;
      for (const Cell* cell : cells) total += static_cast<double>(cell->read());
      Labels labels;
      if (!series.label.empty())
        labels.push_back({std::string(series.label), std::string(series.label_value)});
      put(all.back(), total, std::move(labels));
    }
  }

  void add_process(std::vector<MetricFamily>& all) const {
    const ProcessUsage usage = read_process_usage();
    const auto gauge = [&](std::string name, std::string help, auto value, Labels labels = {}) {
      add_one(all, MetricType::Gauge, std::move(name), std::move(help), static_cast<double>(value),
              std::move(labels));
    };
    gauge("parley_build_info", "The build that runs; always 1.", 1,
          {{"git_sha", build_.git_sha}, {"version", build_.version}});
    add_one(all, MetricType::Counter, "process_cpu_seconds_total", "User and system time.",
            usage.cpu_seconds);
    gauge("process_resident_memory_bytes", "Memory in use.", usage.resident_bytes);
    gauge("process_virtual_memory_bytes", "Address space in use.", usage.virtual_bytes);
    gauge("process_open_fds", "Open file descriptors.", usage.open_fds);
    gauge("process_max_fds", "The limit of open file descriptors.", usage.max_fds);
    gauge("process_threads", "Threads.", usage.threads);
    gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
          usage.start_time_seconds);
  }

  const BuildInfo& build_;
  const std::vector<const ShardStats*>& shards_;
  const std::vector<const RefusalCounts*>& refusals_;
  const std::vector<NamedSeries>& named_;
};

}  // namespace

Metrics::Metrics(BuildInfo build) : build_(std::move(build)) {}

void Metrics::add(const ShardStats& stats, const RefusalCounts& refusals) {
  shards_.push_back(&stats);
  refusals_.push_back(&refusals);
}

void Metrics::add(const std::vector<NamedCell>& cells) {
  for (const NamedCell& cell : cells) {
    const auto same = std::ranges::find_if(named_, [&](const NamedSeries& series) {
      return series.head.name == cell.name && series.head.label_value == cell.label_value;
    });
    if (same == named_.end())
      named_.push_back({cell, {cell.cell}});
    else
      same->cells.push_back(cell.cell);
  }
}

std::string Metrics::render() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, Scrape(build_, shards_, refusals_, named_).Collect());
  return out.str();
}

}  // namespace parley
